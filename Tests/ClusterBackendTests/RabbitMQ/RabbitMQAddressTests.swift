import Testing

@testable import ClusterBackend

@Suite("The broker's address", .timeLimit(.minutes(1)))
struct RabbitMQAddressTests {
    @Test("An address in full is read")
    func full() throws {
        let address = try RabbitMQAddress("amqp://ann:secret@broker.example:5673/chat")
        #expect(address.user == "ann")
        #expect(address.password == "secret")
        #expect(address.host == "broker.example")
        #expect(address.port == 5_673)
        #expect(address.vhost == "chat")
        #expect(!address.usesTLS)
    }

    @Test(
        "What is left out is as RabbitMQ ships it",
        arguments: [
            ("amqp://host", "guest", "guest", 5_672, "/"), ("amqps://host/", "guest", "guest", 5_671, "/"),
            ("AMQP://ann@host//", "ann", "", 5_672, "/"), ("amqp://ann:@host:1/a/b", "ann", "", 1, "a/b"),
            ("amqp://host/%2F", "guest", "guest", 5_672, "/"),
        ])
    func defaults(text: String, user: String, password: String, port: Int, vhost: String) throws {
        let address = try RabbitMQAddress(text)
        #expect(address.host == "host")
        #expect(address.user == user)
        #expect(address.password == password)
        #expect(address.port == port)
        #expect(address.vhost == vhost)
    }

    @Test("Percent-encoding and IPv6 are understood")
    func encoding() throws {
        let address = try RabbitMQAddress("amqps://a%40n:p%3A%2F%40%23%3F%25%C3%A9@[::1]:5000/%C3%A9?cacertfile=/etc/my%20ca.pem")
        #expect(address.user == "a@n")
        #expect(address.password == "p:/@#?%é")
        #expect(address.host == "::1")
        #expect(address.vhost == "é")
        #expect(address.authoritiesFile == "/etc/my ca.pem")
        #expect(address.place == "[::1]:5000")
    }

    @Test(
        "A broken address is refused with the reason",
        arguments: [
            ("", RabbitMQAddress.Invalid.scheme), ("host:5672", .scheme), ("http://host", .scheme), ("amqp://", .host),
            ("amqp://user:secret@", .host), ("amqp://[::1", .host), ("amqp://[::1]5", .port), ("amqp://host:", .port),
            ("amqp://host:0", .port), ("amqp://host:65536", .port), ("amqp://host:+5", .port),
            ("amqp://user:sec/ret@host", .port),
            ("amqp://user:sec#ret@host", .fragment), ("amqp://user:sec?ret@host", .port), ("amqp://host?secret@host", .option),
            ("amqps://host?cacertfile=", .option), ("amqps://host?cacertfile=a&verify=no", .option),
            ("amqp://host?cacertfile=a", .authoritiesWithoutTLS), ("amqp://a%zz@host", .encoding),
            ("amqp://a%00b@host", .encoding),
            ("amqp://a b@host", .encoding), ("amqp://é@host", .encoding), ("amqp://a@host\n", .encoding),
            ("amqp://%ff@host", .encoding),
        ])
    func refusals(text: String, reason: RabbitMQAddress.Invalid) {
        #expect(throws: reason) { try RabbitMQAddress(text) }
        #expect(!reason.description.contains("\n"))
    }

    @Test("No description shows the password")
    func privacy() throws {
        let address = try RabbitMQAddress("amqps://ann:secret@host/chat?cacertfile=ca.pem")
        #expect("\(address)" == "amqps://ann@host:5671/chat")
        var dumped = ""
        dump([address], to: &dumped)
        for text in [address.description, String(reflecting: address), "\(Optional(address) as Any)", dumped] {
            #expect(!text.contains("secret"))
        }
    }
}

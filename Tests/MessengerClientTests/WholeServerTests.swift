import MessengerClient
import MessengerCrypto
import TestSupport
import Testing

@Suite("Against a whole server", .timeLimit(.minutes(3)))
struct WholeServerTests {
    private static let password = "correct horse battery"

    private static func register(_ name: String, on server: TestServer) async throws -> Registration {
        try await Messenger.register(
            username: name, phoneNumber: "+1 555 \(name)", password: password, at: try ServerAddress(server.url),
            store: StoreLocation(folder: server.folder.path + "/client-" + name))
    }

    @Test("Two people write over the live stream, a tablet is linked and revoked")
    func everything() async throws {
        try await TestServer.run { server in
            let ann = try await Self.register("ann", on: server).messenger
            let bob = try await Self.register("bob", on: server).messenger
            let listening = Task { () -> ReceivedMessage? in
                for try await message in bob.messages {
                    try await bob.acknowledge(message)
                    return message
                }
                return nil
            }
            let sent = try await ann.send("Hello", to: "bob")
            #expect(sent.delivery == .accepted)
            let first = try await listening.value
            #expect(first?.text == "Hello")
            #expect(first?.findings.isEmpty == true)
            try await eventually("the delivered receipt") {
                _ = try await ann.receive()
                return try await ann.history(with: "bob").last?.delivery == .delivered
            }
            let tablet = try await Messenger.logIn(
                username: "bob", password: Self.password, at: try ServerAddress(server.url),
                store: StoreLocation(folder: server.folder.path + "/client-tablet"))
            let code = try await tablet.beginLinking(deviceName: "tablet")
            let request = try await bob.linkRequest(code.text)
            try await bob.approve(request)
            #expect(try await tablet.finishLinking())
            try await bob.sendHistory(to: request)
            #expect(try await tablet.receiveHistory() == .received(1))
            #expect(try await tablet.history(with: "ann").map(\.text) == ["Hello"])
            _ = try await ann.send("Both", to: "bob")
            _ = try await tablet.receive()
            #expect(try await tablet.unacknowledged().map(\.text) == ["Both"])
            let lost = try #require(try await tablet.devices().first { $0.isThisDevice })
            try await bob.revoke(lost.fingerprint)
            #expect(try await ann.send("One", to: "bob").delivery == .accepted)
            try await eventually("the last message") { try await bob.history(with: "ann").last?.text == "One" }
            await #expect(throws: MessengerError.self) { try await tablet.receive() }
            for client in [ann, bob, tablet] { await client.close() }
        }
    }
}

import ArgumentParser
import Foundation
import MessengerClient

/// Measures what a client does with a real server and a real store: how long a device that was away needs to open and store what
/// has come meanwhile.
@main
struct ClientBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client-bench", abstract: "Measures the Swift SDK against a running server that is new.")

    @Option(help: "Where the server is, such as https://127.0.0.1:5000.")
    var server: String

    @Option(help: "A folder for the stores; it must not hold any yet.")
    var folder: String

    @Option(help: "How many messages wait.")
    var messages = 10_000

    func run() async throws {
        let address = try await address()
        let ann = try await register("ann", at: address)
        let bob = try await register("bob", at: address)
        _ = try await bob.receive()
        let clock = ContinuousClock()
        let sending = try await clock.measure {
            for number in 1...messages { _ = try await ann.send("This is message number \(number) of many.", to: "bob") }
        }
        var count = 0
        let receiving = try await clock.measure { count = try await bob.receive() }
        let stored = try await bob.unacknowledged(limit: messages + 1)
        guard count >= messages, stored.count == messages, stored.allSatisfy({ $0.findings.isEmpty && $0.text != nil }) else {
            throw ValidationError("\(stored.count) of \(messages) messages came, or some with findings.")
        }
        await ann.close()
        await bob.close()
        print(
            #"{"messages": \#(messages), "send_seconds": \#(sending / .seconds(1)), "backlog_seconds": \#(receiving / .seconds(1))}"#
        )
    }

    private func register(_ name: String, at address: ServerAddress) async throws -> Messenger {
        try await Messenger.register(
            username: name, phoneNumber: name, password: "correct horse battery", at: address,
            store: StoreLocation(folder: "\(folder)/\(name)")
        ).messenger
    }

    /// The server's own certificate is taken as it is: it runs beside this program.
    private func address() async throws -> ServerAddress {
        var address = try ServerAddress(server)
        guard let parts = URLComponents(string: address.url), parts.scheme == "https", let host = parts.host,
            let port = parts.port
        else { return address }
        address.trust = .pinned(certificate: try await CertificateProbe.present(host: host, port: port).bytes)
        return address
    }
}

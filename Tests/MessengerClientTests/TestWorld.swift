import Foundation
import MessengerCrypto
import Synchronization
import TestSupport

@testable import MessengerClient

/// A server and the people on it. Each person's store is in a folder of its own; time stands still until it is moved.
final class TestWorld: Sendable {
    let time = TestTime()
    let server: ServerDouble
    private let folder: TemporaryFolder

    init() throws {
        let time = time
        server = ServerDouble { UInt64(time.now.rawValue) }
        folder = try TemporaryFolder()
    }

    var configuration: MessengerConfiguration {
        var configuration = MessengerConfiguration()
        let (time, server) = (time, server)
        configuration.clock = ClientClock(now: { UInt64(time.now.rawValue) }, sleep: { try await time.source.sleep($0) })
        configuration.makeTransport = { _ in server }
        return configuration
    }

    static var address: ServerAddress { get throws { try ServerAddress("http://127.0.0.1:1") } }

    func location(_ name: String, passphrase: String? = nil) -> StoreLocation {
        StoreLocation(folder: "\(folder.path)/\(name)", passphrase: passphrase)
    }

    func register(_ name: String, change: (inout MessengerConfiguration) -> Void = { _ in }) async throws -> Registration {
        var configuration = configuration
        change(&configuration)
        return try await Messenger.register(
            username: name, phoneNumber: name, password: "correct horse battery", at: try Self.address, store: location(name),
            configuration: configuration)
    }

    /// Two people who know nothing of each other yet.
    func annAndBob() async throws -> (ann: Messenger, bob: Messenger) {
        (try await register("ann").messenger, try await register("bob").messenger)
    }

    /// Another device of somebody.
    func logIn(
        _ name: String, device: String, recovery: RecoverySecret? = nil, change: (inout MessengerConfiguration) -> Void = { _ in }
    ) async throws -> Messenger {
        var configuration = configuration
        change(&configuration)
        return try await Messenger.logIn(
            username: name, password: "correct horse battery", at: try Self.address, store: location(device),
            recovery: recovery, configuration: configuration)
    }
}

extension TestWorld {
    /// Certifies a new device, as one whose owner does not think better of it in the five seconds.
    func approve(_ request: LinkRequest, by messenger: Messenger, passphrase: String? = nil) async throws {
        async let approval: Void = messenger.approve(request, passphrase: passphrase)
        try await eventually("the pause before linking") { self.time.sleeperCount > 0 }
        time.advance(by: .seconds(5))
        try await approval
    }
}

extension Messenger {
    /// Everything that `messages` would give, as text.
    func texts() async throws -> [String] { try await unacknowledged(limit: 10_000).compactMap(\.text) }
}

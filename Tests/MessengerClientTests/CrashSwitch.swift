import Synchronization

@testable import MessengerClient

/// Ends a client's life between two of its steps: from then on none of its transactions and requests happens, until another client
/// opens the store.
final class CrashSwitch: Sendable {
    struct Crash: Error {}

    private let left = Mutex<Int?>(nil)

    /// - Parameter steps: how many still happen. A transaction is a step, a request two: sent, and answered.
    func arm(after steps: Int?) { left.withLock { $0 = steps } }

    var hasCrashed: Bool { left.withLock { $0 == 0 } }

    func step() throws {
        try left.withLock { left in
            guard let steps = left else { return }
            guard steps > 0 else { throw Crash() }
            left = steps - 1
        }
    }
}

/// The way to the server of a client whose life may end on it.
struct CrashingTransport: Transport {
    let way: any Transport
    let crash: CrashSwitch

    func execute(_ request: APIRequest) async throws -> APIResponse {
        try crash.step()
        let response = try await way.execute(request)
        try crash.step()
        return response
    }

    func stream(_ request: APIRequest, _ receive: @Sendable ([UInt8]) async throws -> Void) async throws -> APIResponse {
        try await way.stream(request, receive)
    }

    func shutdown() async {}
}

extension TestWorld {
    /// Opens somebody's store as a client that may crash.
    func open(_ name: String, crash: CrashSwitch) async throws -> Messenger {
        var configuration = configuration
        let server = server
        configuration.beforeWrite = { try crash.step() }
        configuration.makeTransport = { _ in CrashingTransport(way: server, crash: crash) }
        return try await Messenger.open(location(name), configuration: configuration)
    }
}

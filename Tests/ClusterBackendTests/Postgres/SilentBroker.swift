import ClusterBackend
import MessengerCore
import ServiceLifecycle
import Synchronization

/// A broker that is away all the time, and keeps what it was to carry.
final class SilentBroker: HintBroker {
    private let state = Mutex<(node: NodeID?, sent: [HintDestination: Hints])>((nil, [:]))

    var listensAs: NodeID? { state.withLock { $0.node } }
    var isConnected: Bool { false }

    /// Everything that was to be sent since the last call.
    func takeSent() -> [HintDestination: Hints] {
        state.withLock { state in
            defer { state.sent = [:] }
            return state.sent
        }
    }

    func send(_ hints: [HintDestination: Hints]) {
        state.withLock { state in
            for (destination, hints) in hints { state.sent[destination, default: Hints()].formUnion(hints) }
        }
    }

    func listen(as node: NodeID) { state.withLock { $0.node = node } }
    func run() async throws { try? await gracefulShutdown() }
}

import MessengerCore
import ServiceLifecycle

/// Carries hints from process to process. Any of them may be lost.
public protocol HintBroker: Service, Sendable {
    /// Never waits and never fails.
    func send(_ hints: [HintDestination: Hints])
    /// Hints for this node come here from now on.
    func listen(as node: NodeID)
    var isConnected: Bool { get }
}

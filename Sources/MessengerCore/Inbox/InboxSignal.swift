import MessengerAPI
import Synchronization

/// Tells whoever listens that inboxes have news. Only a hint: the store is the truth, and what a lost hint missed, a
/// poll finds.
public protocol InboxSignal: Sendable {
    /// Called after the commit, once per batch. Never fails and never waits.
    func announce(_ users: [UserID])
    /// Calls back for every announcement from now on, on the announcer's thread: it must be quick.
    func subscribe(_ onNews: @escaping @Sendable ([UserID]) -> Void)
}

/// The signal within one process.
public final class LocalSignal: InboxSignal {
    private let listeners = Mutex<[@Sendable ([UserID]) -> Void]>([])

    public init() {}

    public func announce(_ users: [UserID]) {
        guard !users.isEmpty else { return }
        for listener in listeners.withLock({ $0 }) { listener(users) }
    }

    public func subscribe(_ onNews: @escaping @Sendable ([UserID]) -> Void) {
        listeners.withLock { $0.append(onNews) }
    }
}

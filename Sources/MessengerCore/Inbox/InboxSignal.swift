import MessengerAPI
import Synchronization

/// Tells whoever listens that inboxes have news. The store is the truth: what a lost signal missed, a poll finds.
public protocol InboxSignal: Sendable {
    /// Called after the commit with what it stored, once per batch, in commit order. Never fails and never waits.
    func announce(_ stored: [InboxMessage])
    /// Calls back for every announcement from now on, on the announcer's thread: it must be quick.
    func subscribe(_ onNews: @escaping @Sendable (InboxNews) -> Void)
}

public enum InboxNews: Sendable {
    /// This process has stored these, in this order.
    case stored([InboxMessage])
    /// Another process says that these inboxes have news.
    case hint([UserID])
}

/// The signal within one process.
public final class LocalSignal: InboxSignal {
    private let listeners = Mutex<[@Sendable (InboxNews) -> Void]>([])

    public init() {}

    public func announce(_ stored: [InboxMessage]) {
        guard !stored.isEmpty else { return }
        for listener in listeners.withLock({ $0 }) { listener(.stored(stored)) }
    }

    public func subscribe(_ onNews: @escaping @Sendable (InboxNews) -> Void) {
        listeners.withLock { $0.append(onNews) }
    }
}

import MessengerAPI
import Synchronization

/// Tells whoever listens that inboxes have news. The store is the truth: what a lost signal missed, a poll finds.
public protocol InboxSignal: Sendable {
    /// Called after the commit with what it stored and what others are to be told, once per batch, in commit order. Never
    /// fails and never waits.
    func announce(_ stored: [InboxMessage], hints: [HintDestination: Hints])
    /// Calls back for every announcement from now on, on the announcer's thread: it must be quick.
    func subscribe(_ onNews: @escaping @Sendable (InboxNews) -> Void)
}

public enum InboxNews: Sendable {
    /// This process has stored these, in this order.
    case stored([InboxMessage])
    /// Another process says so.
    case hints(Hints)
    /// Sessions that ended, wherever it was.
    case sessionsEnded([EndedSessions])
    /// Other processes have held this one for dead, or it was not told of ended sessions for long.
    case lostTouch
    /// There are callbacks that nobody pushes.
    case callbacksFree
}

/// The signal within one process.
public final class LocalSignal: InboxSignal {
    private let listeners = Mutex<[@Sendable (InboxNews) -> Void]>([])

    public init() {}

    public func announce(_ stored: [InboxMessage], hints: [HintDestination: Hints]) {
        if !stored.isEmpty { tell(.stored(stored)) }
    }

    /// Passes on what came from elsewhere.
    public func tell(_ news: InboxNews) {
        for listener in listeners.withLock({ $0 }) { listener(news) }
    }

    public func subscribe(_ onNews: @escaping @Sendable (InboxNews) -> Void) {
        listeners.withLock { $0.append(onNews) }
    }
}

import MessengerAPI
import Synchronization

/// Wakes one live stream, and hands it fresh messages. What comes before the stream takes it is kept, equal rings as one.
///
/// A fresh message is handed over only if its number is the next after all that the stream has written or was handed, so
/// that nothing is skipped; otherwise the copy is dropped, and the stream is told to read the store.
public final class StreamBell: Sendable {
    public enum Wake: Equatable, Sendable {
        /// These come next, without a look at the store.
        case fresh([InboxMessage])
        /// The store has something to read.
        case news
        /// Nothing was written for a while.
        case quiet
        case end(EndReason)
    }

    /// Why a stream ends.
    public enum EndReason: Equatable, Sendable {
        /// A newer stream of the same device took over.
        case replaced
        case loggedOut
        /// The server stops.
        case closing
        /// The client has gone; there is nobody to tell.
        case disconnected
    }

    private struct State {
        var attachment: StreamAttachment?
        /// The last number that the stream has written or was handed; nil while it reads the store.
        var position: MessageNumber?
        var fresh: [InboxMessage] = []
        var freshBytes = 0
        var hasNews = false
        var isQuiet = false
        var end: EndReason?
        /// Whether `take` had nothing to give.
        var isWaiting = false
        var wakeUp: (@Sendable () -> Void)?

        var isRung: Bool { end != nil || hasNews || !fresh.isEmpty || isQuiet }

        mutating func offer(_ message: InboxMessage) {
            let size = message.body.utf8.count
            guard !hasNews, message.number == position?.next, fresh.count < Inbox.defaultPage,
                fresh.isEmpty || freshBytes + size <= Inbox.pageBytes
            else {
                ringNews()
                return
            }
            position = message.number
            fresh.append(message)
            freshBytes += size
        }

        mutating func ringNews() {
            hasNews = true
            fresh = []
        }

        mutating func take() -> Wake? {
            if let end { return .end(end) }
            if hasNews {
                hasNews = false
                position = nil
                return .news
            }
            if !fresh.isEmpty {
                defer { (fresh, freshBytes) = ([], 0) }
                return .fresh(fresh)
            }
            if isQuiet {
                isQuiet = false
                return .quiet
            }
            return nil
        }
    }

    public let user: UserID
    public let device: DeviceID
    public let token: TokenHash
    let generation: Int64
    private let state = Mutex(State())

    init(session: Session) {
        user = session.user
        device = session.device
        token = session.token
        generation = session.generation
    }

    /// Where the other processes see the stream; nil before they do.
    public var attachment: StreamAttachment? {
        get { state.withLock { $0.attachment } }
        set { state.withLock { $0.attachment = newValue } }
    }

    public var endReason: EndReason? { state.withLock { $0.end } }

    /// A message that was just committed; called in commit order.
    func offer(_ message: InboxMessage) { change { $0.offer(message) } }
    func ringNews() { change { $0.ringNews() } }
    func ringQuiet() { change { $0.isQuiet = true } }

    /// The first reason stays.
    public func end(_ reason: EndReason) { change { $0.end = $0.end ?? reason } }

    /// - Parameter wakeUp: called, on the thread that rings, each time that there is something to take after `take` had
    ///   nothing. Nil stops it.
    public func listen(_ wakeUp: (@Sendable () -> Void)?) { state.withLock { $0.wakeUp = wakeUp } }

    /// The next ring; the end comes first, then news. Nil when there is none: then the bell wakes up the stream at the next.
    /// - Parameter last: the last number that was written, once the store had nothing beyond it.
    public func take(after last: MessageNumber) -> Wake? {
        state.withLock { state in
            state.position = state.position ?? last
            let wake = state.take()
            state.isWaiting = wake == nil
            return wake
        }
    }

    private func change(_ ring: (inout State) -> Void) {
        let wakeUp = state.withLock { state -> (@Sendable () -> Void)? in
            ring(&state)
            guard state.isWaiting, state.isRung else { return nil }
            state.isWaiting = false
            return state.wakeUp
        }
        wakeUp?()
    }
}

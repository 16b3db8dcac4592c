import MessengerAPI
import Synchronization

/// Wakes one live stream. Rings that come before the stream listens are kept, equal ones as one.
public final class StreamBell: Sendable {
    public enum Wake: Equatable, Sendable {
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
        var hasNews = false
        var isQuiet = false
        var end: EndReason?
        var listener: CheckedContinuation<Wake, Never>?

        mutating func take() -> Wake? {
            if let end { return .end(end) }
            if hasNews {
                hasNews = false
                return .news
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

    public var endReason: EndReason? { state.withLock { $0.end } }

    func ringNews() { change { $0.hasNews = true } }
    func ringQuiet() { change { $0.isQuiet = true } }

    /// The first reason stays.
    public func end(_ reason: EndReason) { change { $0.end = $0.end ?? reason } }

    /// Waits for the next ring; the end comes before news. One listener at a time. Cancellation ends the stream.
    public func next() async -> Wake {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let wake = state.withLock { state -> Wake? in
                    if let wake = state.take() { return wake }
                    state.listener = continuation
                    return nil
                }
                if let wake { continuation.resume(returning: wake) }
            }
        } onCancel: {
            end(.disconnected)
        }
    }

    private func change(_ ring: (inout State) -> Void) {
        let resumption = state.withLock { state -> (CheckedContinuation<Wake, Never>, Wake)? in
            ring(&state)
            guard let listener = state.listener, let wake = state.take() else { return nil }
            state.listener = nil
            return (listener, wake)
        }
        if let (listener, wake) = resumption { listener.resume(returning: wake) }
    }
}

import MessengerAPI

/// What follows from the server's answer to a sealed message: rules alone.
enum OutboxDecision: Equatable, Sendable {
    case accepted
    /// Keys of these users have changed, and nothing was stored: the same message is sealed anew.
    case sealAnew([UserID])
    /// No definite answer: the same bytes again, not before this time has passed.
    case `repeat`(after: Duration)
    /// It will never be taken.
    case refused(String)
    case loggedOut
    /// These users do not exist, and nothing was stored.
    case unknown([UserID], String)
    /// The inboxes of these users are full, and nothing was stored.
    case full([UserID], after: Duration)

    static let pause: Duration = .seconds(1)

    init(_ failure: APIFailure) {
        switch failure.status {
        case 409 where failure.type == "stale-keys": self = .sealAnew(failure.staleKeys.map(\.receiverID))
        // The key names this message alone, so an earlier sealing of it was taken under it.
        case 422: self = .accepted
        case 401 where failure.endsSession: self = .loggedOut
        case 400 where !failure.unknownReceivers.isEmpty: self = .unknown(failure.unknownReceivers, failure.detail)
        case 429 where !failure.fullReceivers.isEmpty:
            self = .full(failure.fullReceivers, after: failure.retryAfter ?? Self.pause)
        case 429, 500...: self = .repeat(after: failure.retryAfter ?? Self.pause)
        case 408: self = .repeat(after: Self.pause)
        default: self = .refused(failure.detail)
        }
    }
}

/// What `RequestGuard`, which sees requests, tells `ConnectionGuard`, which sees bytes, as an outbound event.
enum RequestProgress: Sendable {
    case headRead(isHTTP2: Bool)
    case answered
    /// No request is under way, but a part of the next one's head has come.
    case nextBegun
    /// The answer is a live stream: it lasts until the client closes its side.
    case streaming
}

/// What `RequestGuard`, which sees requests, tells `ConnectionGuard`, which sees bytes, as an outbound event.
enum RequestProgress: Sendable {
    case headRead(isHTTP2: Bool)
    case answered
    /// The answer is a live stream: it lasts until the client closes its side.
    case streaming
}

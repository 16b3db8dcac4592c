/// How long a connection waits for its client.
public struct ConnectionTimes: Sendable {
    /// For a TLS handshake and for a request's head.
    public var head = Duration.seconds(10)
    public var body = Duration.seconds(10)
    /// For a client that does not read.
    public var stall = Duration.seconds(60)
    /// For the next request, while none is under way.
    public var idle = Duration.seconds(75)
    /// For a client to close after its last answer, before the server does.
    public var linger = Duration.seconds(2)

    public init() {}
}

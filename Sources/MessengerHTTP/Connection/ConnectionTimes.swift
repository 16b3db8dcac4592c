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
    /// For an idle connection's last request, once the server stops. Zero closes it at once, and with it what its client is
    /// just sending: a proxy cannot send that again.
    public var farewell = Duration.zero
    /// Longer than deploy/nginx.conf keeps an idle connection.
    static let farewellToProxy = Duration.seconds(3)

    public init() {}
}

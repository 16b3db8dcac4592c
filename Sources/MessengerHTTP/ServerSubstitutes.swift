import MessengerCore
import NIOCore
import NIOSSL

/// What a test changes in a server.
public struct ServerSubstitutes: Sendable {
    public var time = TimeSource.system
    public var passwordCost = PasswordHasher.Cost.standard
    /// False switches the polls off, so that a lost signal shows.
    public var polls = true
    public var callbackTrustRoots = NIOSSLTrustRoots.default
    /// Finds a host name's first address, blocking.
    public var resolveHost: @Sendable (_ host: String, _ port: Int) throws -> SocketAddress = {
        try SocketAddress.makeAddressResolvingHost($0, port: $1)
    }
    public var freeDisk: @Sendable (String) -> Int? = FreeDisk.bytes
    public var connectionTimes = ConnectionTimes()
    public init() {}
}

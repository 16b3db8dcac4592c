import MessengerCore
import NIOSSL

/// What a test changes in a server.
public struct ServerSubstitutes: Sendable {
    public var time = TimeSource.system
    public var passwordCost = PasswordHasher.Cost.standard
    /// False switches the polls off, so that a lost signal shows.
    public var polls = true
    public var callbackTrustRoots = NIOSSLTrustRoots.default
    public var freeDisk: @Sendable (String) -> Int? = FreeDisk.bytes
    public var connectionTimes = ConnectionTimes()
    public init() {}
}

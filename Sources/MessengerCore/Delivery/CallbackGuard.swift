/// Decides where callbacks may go, so that nobody can make the server call what only the server can reach (SSRF).
public struct CallbackGuard: Sendable {
    public enum Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        case neverAllowed
        case ownPort
        case loopback
        case otherAddress
        case privilegedPort

        public var description: String {
            switch self {
            case .neverAllowed: "the address is unspecified, multicast or link-local"
            case .ownPort: "the address is this server's own"
            case .loopback: "loopback addresses are for logins from this machine only"
            case .otherAddress: "the address is not the one that the login came from; see --callback-allow"
            case .privilegedPort: "ports below 1024 other than 80 and 443 need --callback-allow"
            }
        }
    }

    private let allowed: [IPRange]
    private let allowsLocalLoopback: Bool
    private let ownPorts: @Sendable () -> Set<Int>
    private let ownAddresses: Set<IPAddress>

    /// - Parameters:
    ///   - allowed: ranges that every login's callbacks may reach.
    ///   - allowsLocalLoopback: whether a login from this machine may name a loopback address: in `serve` only.
    ///   - ownPorts: the ports that this installation listens on.
    ///   - ownAddresses: this machine's addresses.
    public init(
        allowed: [IPRange], allowsLocalLoopback: Bool, ownPorts: @escaping @Sendable () -> Set<Int>,
        ownAddresses: Set<IPAddress> = []
    ) {
        self.allowed = allowed
        self.allowsLocalLoopback = allowsLocalLoopback
        self.ownPorts = ownPorts
        self.ownAddresses = ownAddresses
    }

    /// Throws unless a callback of a login from `origin` may go to this address, as resolved, and port.
    public func check(_ address: IPAddress, port: Int, origin: ClientOrigin) throws(Refusal) {
        let target = address.unwrapped
        let client = origin.address.unwrapped
        if target.isNeverAllowed { throw .neverAllowed }
        if ownPorts().contains(port), target.isLoopback || ownAddresses.contains(target) { throw .ownPort }
        if allowed.contains(where: { $0.contains(target) }) { return }
        if target.isLoopback {
            guard allowsLocalLoopback, origin.isLocal else { throw .loopback }
        } else if target.clientKey != client.clientKey {
            throw .otherAddress
        }
        if port < 1_024, port != 80, port != 443 { throw .privilegedPort }
    }
}

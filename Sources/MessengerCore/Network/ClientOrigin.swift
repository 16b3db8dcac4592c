/// Where a request came from.
public struct ClientOrigin: Hashable, Sendable {
    /// The client's own address: the peer, or what a trusted proxy said.
    public let address: IPAddress
    /// Whether a header says that something stood between: such a client is not on this machine, whatever the peer is.
    public let wasForwarded: Bool

    public init(address: IPAddress, wasForwarded: Bool) {
        self.address = address
        self.wasForwarded = wasForwarded
    }

    /// The address that limits count by.
    public var key: String { address.clientKey }
    public var isLocal: Bool { !wasForwarded && address.unwrapped.isLoopback }
}

/// What the log says of an account: its newest state.
public struct AccountEntry: Hashable, Sendable {
    public let account: AccountID
    public let name: NameLabel
    public let seq: UInt32
    public let state: StateHash
    /// Milliseconds since 1970, by the server's clock.
    public let time: UInt64
    /// Where in the log the states are, from the first to the newest.
    public let indices: [UInt64]
}

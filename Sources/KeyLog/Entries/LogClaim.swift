/// What somebody else says of the log, such as the sender of a message: found in each message, and compared.
public struct LogClaim: Hashable, Sendable {
    public let account: AccountID
    public let seq: UInt32
    public let size: UInt64
    public let root: TreeHash

    public init(account: AccountID, seq: UInt32, size: UInt64, root: TreeHash) {
        self.account = account
        self.seq = seq
        self.size = size
        self.root = root
    }
}

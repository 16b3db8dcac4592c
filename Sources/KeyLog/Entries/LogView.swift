/// A client's own view of the log: every entry replayed, the root recomputed, and for each name the newest state.
///
/// It only grows, and only to checkpoints that its entries lead to. A rejected step leaves it as it was.
public struct LogView: Sendable {
    public private(set) var tree = MerkleTree()
    private var content = LogContent()

    public init() {}

    /// The view that these records lead to, from the first on: what `advance` has checked before, and a client has kept.
    public init(replaying records: [ServedRecord]) throws(LogError) {
        try take(records)
        try content.checkErasures()
    }

    public var size: UInt64 { tree.size }
    public var accountCount: Int { content.accounts.count }

    /// The root of everything replayed.
    public var root: TreeHash { root(at: size) ?? .empty }

    /// The root that the log had with `size` entries; nil beyond the view.
    public func root(at size: UInt64) -> TreeHash? { try? tree.root(size: size) }

    /// The newest state under a name; nil when nobody has it.
    public func entry(for name: NameLabel) -> AccountEntry? { content.names[name].flatMap { content.accounts[$0] } }

    public func entry(for account: AccountID) -> AccountEntry? { content.accounts[account] }

    /// Everybody in the log, in no order.
    public var accounts: some Collection<AccountEntry> { content.accounts.values }

    public func isDeleted(_ account: AccountID) -> Bool { content.deleted.contains(account) }

    /// The bundle of the web client that the server says it hands out; nil before the first.
    public var webRelease: StateHash? { content.webRelease?.hash }

    /// Goes on to a checkpoint whose signature was checked.
    ///
    /// - Parameter records: what is served for the entries from `size` up to the checkpoint's size, all of them in order.
    ///   Erased ones must be covered by a tombstone among all that is replayed.
    public mutating func advance(to checkpoint: Checkpoint, with records: [ServedRecord]) throws(LogError) {
        guard checkpoint.size >= size else { throw .rolledBack(from: size, to: checkpoint.size) }
        guard checkpoint.size > size || checkpoint.root == root else { throw .splitView(size: size) }
        guard UInt64(records.count) == checkpoint.size - size else { throw .wrongCount }
        var next = self
        try next.take(records)
        guard next.root == checkpoint.root else { throw .otherRoot(size: checkpoint.size) }
        try next.content.checkErasures()
        self = next
    }

    private mutating func take(_ records: [ServedRecord]) throws(LogError) {
        for served in records {
            let index = tree.size
            tree.append(.leaf(served.entry))
            try content.apply(served, at: index)
        }
    }

    /// Compares what somebody else says of the log with this view.
    public func verdict(on claim: LogClaim) -> LogClaimVerdict {
        guard claim.size <= size else { return .needsNewerLog }
        guard root(at: claim.size) == claim.root else { return .otherRoot }
        guard !isDeleted(claim.account) else { return .agrees }
        guard claim.seq > 0, let entry = entry(for: claim.account), claim.seq <= entry.seq,
            entry.indices[Int(claim.seq) - 1] < claim.size
        else { return .unknownState }
        return .agrees
    }
}

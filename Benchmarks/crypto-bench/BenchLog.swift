import KeyLog

/// A log of many accounts as a server serves it.
struct BenchLog {
    let names: [NameLabel]
    let claim: LogClaim
    private let checkpoint: Checkpoint
    private let served: [ServedRecord]

    /// Every tenth entry is a second state of an account.
    init(size: Int) throws {
        var tree = MerkleTree()
        var served: [ServedRecord] = []
        var names: [NameLabel] = []
        let salt = RecordSalt.zero
        while served.count < size {
            let bytes = TreeHash.leaf(Array("account \(names.count)".utf8)).bytes
            guard let name = NameLabel(bytes), let account = AccountID(bytes) else { throw BenchError.unexpected }
            names.append(name)
            for seq in 1...(names.count.isMultiple(of: 9) ? 2 : 1) where served.count < size {
                let record = LogRecord(
                    type: .accountState, name: name, account: account, seq: UInt32(seq), hash: .zero, time: 0)
                tree.append(.leaf(record.entry(salt: salt)))
                served.append(.record(record, salt: salt))
            }
        }
        self.names = names
        self.served = served
        checkpoint = Checkpoint(origin: "bench", size: tree.size, root: try tree.root(size: tree.size))
        let older = tree.size * 2 / 3 + 1
        guard let account = AccountID(names[0].bytes) else { throw BenchError.unexpected }
        claim = LogClaim(account: account, seq: 1, size: older, root: try tree.root(size: older))
    }

    func replayed() throws -> LogView {
        var view = LogView()
        try view.advance(to: checkpoint, with: served)
        return view
    }
}

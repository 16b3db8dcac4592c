@testable import KeyLog

/// A log as a server keeps it, and lies about it on demand.
struct LogHistory {
    static let origin = "messenger.example/log"

    private(set) var served: [ServedRecord] = []
    private(set) var tree = MerkleTree()

    static func account(_ number: UInt8) -> AccountID { AccountID(unchecked: Array(repeating: number, count: 32)) }
    static func name(_ number: UInt8) -> NameLabel { NameLabel(unchecked: Array(repeating: number, count: 32)) }
    static func state(_ number: UInt8) -> StateHash { StateHash(unchecked: Array(repeating: number, count: 32)) }

    mutating func append(_ record: LogRecord) {
        let salt = RecordSalt(unchecked: Array(repeating: UInt8(truncatingIfNeeded: served.count), count: 32))
        tree.append(.leaf(record.entry(salt: salt)))
        served.append(.record(record, salt: salt))
    }

    mutating func append(account: UInt8, name: UInt8, seq: UInt32) {
        append(
            LogRecord(
                type: .accountState, name: Self.name(name), account: Self.account(account), seq: seq,
                hash: Self.state(UInt8(seq)), time: UInt64(served.count)))
    }

    /// What is served once the records at these places are gone.
    func erasing(_ places: [Int], tombstone: UInt64) -> [ServedRecord] {
        var served = served
        for place in places { served[place] = .erased(entry: served[place].entry, tombstone: tombstone) }
        return served
    }

    var checkpoint: Checkpoint { checkpoint(size: tree.size) }

    func checkpoint(size: UInt64) -> Checkpoint {
        Checkpoint(origin: Self.origin, size: size, root: (try? tree.root(size: size)) ?? .empty)
    }
}

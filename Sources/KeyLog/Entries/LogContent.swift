/// What the records of a log say, taken together. Refuses what contradicts itself.
struct LogContent: Sendable {
    private(set) var accounts: [AccountID: AccountEntry] = [:]
    private(set) var names: [NameLabel: AccountID] = [:]
    private(set) var deleted: Set<AccountID> = []
    private(set) var webRelease: LogRecord?
    /// Erased entries that wait for their tombstone, by its place.
    private var uncovered: [UInt64: [UInt64]] = [:]

    /// Takes the entry at `index`. After an error this value is not to be used.
    mutating func apply(_ served: ServedRecord, at index: UInt64) throws(LogError) {
        switch served {
        case .erased(_, let tombstone):
            guard tombstone > index else { throw .erasedWithoutTombstone(index: index) }
            uncovered[tombstone, default: []].append(index)
        case .record(let record, _):
            switch record.type {
            case .accountState: try applyState(record, at: index)
            case .tombstone: try applyTombstone(record, at: index)
            case .webRelease: try applyRelease(record, at: index)
            default: break
            }
        }
    }

    /// Every erased entry must have met its tombstone.
    func checkErasures() throws(LogError) {
        if let index = uncovered.values.compactMap(\.first).min() { throw .erasedWithoutTombstone(index: index) }
    }

    private mutating func applyState(_ record: LogRecord, at index: UInt64) throws(LogError) {
        let old = accounts[record.account]
        guard !deleted.contains(record.account), record.seq > 0, record.seq - 1 == (old?.seq ?? 0) else {
            throw .outOfSequence(index: index)
        }
        if let old, names[old.name] == record.account { names[old.name] = nil }
        names[record.name] = record.account
        accounts[record.account] = AccountEntry(
            account: record.account, name: record.name, seq: record.seq, state: record.hash, time: record.time,
            indices: (old?.indices ?? []) + [index])
    }

    private mutating func applyTombstone(_ record: LogRecord, at index: UInt64) throws(LogError) {
        let old = accounts.removeValue(forKey: record.account)
        let covered = ((old?.indices ?? []) + (uncovered.removeValue(forKey: index) ?? [])).sorted()
        guard !covered.isEmpty, deleted.insert(record.account).inserted,
            record == .tombstone(of: record.account, covering: covered, time: record.time)
        else { throw .wrongTombstone(index: index) }
        if let old, names[old.name] == record.account { names[old.name] = nil }
    }

    private mutating func applyRelease(_ record: LogRecord, at index: UInt64) throws(LogError) {
        guard record.seq > 0, record.seq - 1 == (webRelease?.seq ?? 0) else { throw .outOfSequence(index: index) }
        webRelease = record
    }
}

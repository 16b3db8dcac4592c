/// What the server serves beside an entry.
public enum ServedRecord: Hashable, Sendable {
    case record(LogRecord, salt: RecordSalt)
    /// The record was erased with its account, whose tombstone stands at `tombstone`. The entry itself is still there.
    case erased(entry: [UInt8], tombstone: UInt64)

    var entry: [UInt8] {
        switch self {
        case .record(let record, let salt): record.entry(salt: salt)
        case .erased(let entry, _): entry
        }
    }
}

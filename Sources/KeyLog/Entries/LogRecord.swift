import Crypto

/// What stands behind an entry of the log: 109 bytes. The log itself holds only a salted hash of it, so that erasing the
/// record and its salt erases what the log knows of a person.
public struct LogRecord: Hashable, Sendable {
    public static let byteCount = 109

    public let type: LogRecordType
    /// Zero in a tombstone and a web release.
    public let name: NameLabel
    /// Zero in a web release.
    public let account: AccountID
    /// Of a state, its number, from 1. Of a tombstone, one more than the last. Of a web release, its own count from 1.
    public let seq: UInt32
    /// Of a state, its hash. Of a tombstone, the hash of the entries it covers. Of a release, the hash of the bundle.
    public let hash: StateHash
    /// Milliseconds since 1970, by the server's clock.
    public let time: UInt64

    public init(type: LogRecordType, name: NameLabel, account: AccountID, seq: UInt32, hash: StateHash, time: UInt64) {
        self.type = type
        self.name = name
        self.account = account
        self.seq = seq
        self.hash = hash
        self.time = time
    }

    /// Nil unless there are 109 bytes.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard bytes.count == Self.byteCount,
            let type = try? reader.integer(UInt8.self), let name = try? reader.fixed(NameLabel.self),
            let account = try? reader.fixed(AccountID.self), let seq = try? reader.integer(UInt32.self),
            let hash = try? reader.fixed(StateHash.self), let time = try? reader.integer(UInt64.self)
        else { return nil }
        self.init(type: LogRecordType(rawValue: type), name: name, account: account, seq: seq, hash: hash, time: time)
    }

    public var bytes: [UInt8] {
        var bytes = [type.rawValue]
        bytes.append(name)
        bytes.append(account)
        bytes.append(bigEndian: seq)
        bytes.append(hash)
        bytes.append(bigEndian: time)
        return bytes
    }

    /// The end of an account whose states are the entries at these places of the log, all of them and ascending.
    public static func tombstone(of account: AccountID, covering entries: [UInt64], time: UInt64) -> LogRecord {
        LogRecord(
            type: .tombstone, name: .zero, account: account, seq: UInt32(truncatingIfNeeded: entries.count + 1),
            hash: hash(covering: entries), time: time)
    }

    static func hash(covering entries: [UInt64]) -> StateHash {
        var bytes: [UInt8] = []
        for entry in entries { bytes.append(bigEndian: entry) }
        return StateHash(unchecked: Label.hash("log-erased", bytes))
    }

    private static let label = Label.bytes("log-entry")

    /// The 32 bytes that the log holds: a hash that commits to the record and tells nothing of it.
    public func entry(salt: RecordSalt) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Self.label)
        hash.update(data: salt.bytes)
        hash.update(data: bytes)
        return Array(hash.finalize())
    }
}

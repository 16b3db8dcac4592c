import KeyLog

/// The key log as it is served. It is appended to by `KeyStore.publish` and `AccountStore.delete`, in their transactions.
public protocol KeyLogStore: Sendable {
    /// Makes the log's keys and its first, empty checkpoint, unless they are there.
    func openLog(now: Timestamp) async throws -> LogIdentity

    /// Nil before `openLog`.
    func logIdentity() async throws -> LogIdentity?

    /// Replaces the key that signs: under the lock of the log's head, whose checkpoint both keys sign. The old private key is
    /// forgotten.
    func rotateLogKey(now: Timestamp) async throws -> LogIdentity

    /// The newest signed checkpoint; nil before `openLog`.
    func checkpoint() async throws -> [UInt8]?

    /// Cosigns the newest checkpoint as of now, unless that was done less than `age` ago, wherever.
    func refreshCheckpoint(olderThan age: Duration, now: Timestamp) async throws

    /// The bytes of a tile; nil when the log does not reach so far.
    func tile(_ tile: Tile) async throws -> [UInt8]?

    /// What is served for the first `count` entries of the tile with that index; nil when the log does not reach so far.
    func records(tile index: UInt64, count: Int) async throws -> [ServedRecord]?
}

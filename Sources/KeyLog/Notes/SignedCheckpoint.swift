/// A checkpoint that the log's key has signed.
public struct SignedCheckpoint: Hashable, Sendable {
    /// Older than this, while the client is online, is a warning, and no account is sealed to for the first time.
    public static let maximumAge: UInt64 = 3600

    public let checkpoint: Checkpoint
    /// The time of the freshness cosignature, in seconds since 1970; nil when there is none.
    public let freshAt: UInt64?

    /// A cosignature from the future does not make it fresh for longer than `maximumAge` either.
    public func isFresh(at now: UInt64) -> Bool {
        guard let freshAt else { return false }
        return freshAt > now ? freshAt - now <= Self.maximumAge : now - freshAt <= Self.maximumAge
    }
}

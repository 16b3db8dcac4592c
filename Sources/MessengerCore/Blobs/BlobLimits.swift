/// What users may keep of blobs, and for how long.
public struct BlobLimits: Sendable {
    /// The most bytes of one append: it waits in memory until all of it has come.
    public static let appendBytes = 1 << 20
    /// In one batch of housekeeping: 8 MiB.
    public static let sweptPieces = 32
    /// In one batch of housekeeping.
    public static let sweptBlobs = 100

    /// One blob.
    public var blobBytes = 64 << 20
    /// How long a complete blob stays.
    public var lifetime = Duration.days(30)
    /// How long an upload stays after the last of it came.
    public var uploadLifetime = Duration.days(1)
    /// Of one user, whatever their size: each is a row, and housekeeping.
    public var blobs = 10_000
    /// Of one user, not complete.
    public var uploads = 32

    /// All blobs of one user, with what is still to come of them.
    public var userBytes: Int { 16 * blobBytes }

    public init() {}
}

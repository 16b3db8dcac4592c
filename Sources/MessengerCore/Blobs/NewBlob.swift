import MessengerAPI

/// A blob that is about to be uploaded.
public struct NewBlob: Sendable {
    public let id: BlobID
    public let user: UserID
    public let length: Int
    public let limits: BlobLimits
    public let now: Timestamp

    public init(id: BlobID, user: UserID, length: Int, limits: BlobLimits, now: Timestamp) {
        self.id = id
        self.user = user
        self.length = length
        self.limits = limits
        self.now = now
    }

    public var expires: Timestamp { now + limits.uploadLifetime }

    /// Throws `BlobError` unless it may be added to the user's other live blobs.
    public func check(_ usage: BlobUsage) throws(BlobError) {
        guard usage.uploads < limits.uploads else { throw .tooManyUploads }
        guard usage.blobs < limits.blobs, length <= limits.userBytes - usage.bytes else { throw .full }
    }
}

/// The live blobs of a user.
public struct BlobUsage: Sendable {
    public let blobs: Int
    /// Those that are not complete.
    public let uploads: Int
    /// Of their whole lengths.
    public let bytes: Int

    public init(blobs: Int, uploads: Int, bytes: Int) {
        self.blobs = blobs
        self.uploads = uploads
        self.bytes = bytes
    }
}

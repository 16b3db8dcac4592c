/// Why a call about a blob was refused. Nothing of it was stored.
public enum BlobError: Error, Equatable, Sendable {
    /// `field` is its name on the wire.
    case invalid(field: String, reason: String)
    case tooLarge(limit: Int)
    /// The user has as many bytes, or as many blobs, as one may.
    case full
    case tooManyUploads
    /// Unknown, expired, or not complete when it is to be read.
    case noSuchBlob
    case notYours
    /// The bytes belong elsewhere: so many are there.
    case offsetDiffers(received: Int)
    case diskFull
    /// The account has gone.
    case unknownUser
}

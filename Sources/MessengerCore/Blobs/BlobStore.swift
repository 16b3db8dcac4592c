import MessengerAPI

/// Blobs: bytes that are uploaded piece by piece from the first to the last, then never change, and expire. Each method is
/// one transaction, durable on return.
///
/// Bytes are kept in pieces of `StoredBlob.pieceBytes`, of which the last alone is shorter.
public protocol BlobStore: Sendable {
    /// Throws `BlobError`, when the user has too much already.
    func create(_ blob: NewBlob) async throws

    /// Nil when there is none, or it has expired.
    func blob(_ id: BlobID, now: Timestamp) async throws -> StoredBlob?

    /// Adds bytes at the blob's end; those that are there already change nothing. The blob as it is then. Appends that come
    /// at once take turns. Throws `BlobError`.
    func append(_ append: BlobAppend) async throws -> StoredBlob

    /// The bytes of a piece; nil when there is none, or it has been swept.
    func piece(_ number: Int, of id: BlobID) async throws -> [UInt8]?

    /// Lets the blob expire. Throws `BlobError`.
    func deleteBlob(_ id: BlobID, by user: UserID, now: Timestamp) async throws
}

/// A blob without its bytes.
public struct StoredBlob: Equatable, Sendable {
    /// So that neither a row nor what is read at once is large.
    public static let pieceBytes = 256 << 10

    public let user: UserID
    public let length: Int
    /// How many bytes have come.
    public let received: Int
    public let expires: Timestamp

    public init(user: UserID, length: Int, received: Int, expires: Timestamp) {
        self.user = user
        self.length = length
        self.received = received
        self.expires = expires
    }

    public var isComplete: Bool { received == length }
}

extension StoredBlob? {
    /// The blob, if it is live and this user's. Throws `BlobError`.
    public func owned(by user: UserID, now: Timestamp) throws(BlobError) -> StoredBlob {
        guard let blob = self, blob.expires > now else { throw .noSuchBlob }
        guard blob.user == user else { throw .notYours }
        return blob
    }
}

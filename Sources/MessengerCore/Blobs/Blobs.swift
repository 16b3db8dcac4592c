import MessengerAPI

/// Takes blobs in and gives them out. What they hold is opaque.
public struct Blobs: Sendable {
    private let store: any BlobStore
    private let limits: BlobLimits
    private let hasFreeDisk: @Sendable () -> Bool
    private let time: TimeSource

    /// - Parameter hasFreeDisk: false while nothing may be stored because the disk is nearly full.
    public init(store: any BlobStore, limits: BlobLimits, hasFreeDisk: @escaping @Sendable () -> Bool, time: TimeSource) {
        self.store = store
        self.limits = limits
        self.hasFreeDisk = hasFreeDisk
        self.time = time
    }

    /// Begins an upload of so many bytes. Throws `BlobError` or `StoreError`, as all of these do.
    public func create(length: Int, by session: Session) async throws -> BlobID {
        guard length > 0 else { throw BlobError.invalid(field: UploadField.length, reason: "From 1.") }
        guard length <= limits.blobBytes else { throw BlobError.tooLarge(limit: limits.blobBytes) }
        guard let id = BlobID(SecureRandom.bytes(BlobID.byteCount)) else { throw BlobError.noSuchBlob }
        let blob = NewBlob(id: id, user: session.user, length: length, limits: limits, now: time.now())
        try await storing { try await store.create(blob) }
        return id
    }

    /// How far the upload of a blob is, for whoever may go on with it.
    public func upload(_ id: BlobID, by session: Session) async throws -> StoredBlob {
        let now = time.now()
        return try await store.blob(id, now: now).owned(by: session.user, now: now)
    }

    /// Adds bytes at the blob's end; those that are there already change nothing.
    public func append(_ bytes: [UInt8], at offset: Int, to id: BlobID, by session: Session) async throws -> StoredBlob {
        let append = BlobAppend(id: id, user: session.user, offset: offset, bytes: bytes, limits: limits, now: time.now())
        return try await storing { try await store.append(append) }
    }

    /// The length of a complete blob.
    public func length(of id: BlobID) async throws -> Int {
        guard let blob = try await store.blob(id, now: time.now()), blob.isComplete else { throw BlobError.noSuchBlob }
        return blob.length
    }

    /// Reads bytes of a complete blob, a piece at a time, the next one once `take` has returned. Throws also when the blob
    /// is deleted meanwhile.
    public func read(_ range: Range<Int>, of id: BlobID, take: (ArraySlice<UInt8>) async throws -> Void) async throws {
        let size = StoredBlob.pieceBytes
        var place = range.lowerBound
        while place < range.upperBound {
            let start = place / size * size
            let end = min(start + size, range.upperBound)
            guard let piece = try await store.piece(place / size, of: id), piece.count >= end - start else {
                throw BlobError.noSuchBlob
            }
            try await take(piece[(place - start)..<(end - start)])
            place = end
        }
    }

    public func delete(_ id: BlobID, by session: Session) async throws {
        try await store.deleteBlob(id, by: session.user, now: time.now())
    }

    private func storing<Value>(_ work: () async throws -> Value) async throws -> Value {
        guard hasFreeDisk() else { throw BlobError.diskFull }
        do {
            return try await work()
        } catch StoreError.full {
            throw BlobError.diskFull
        }
    }
}

import MessengerAPI

/// Bytes to be added to a blob.
public struct BlobAppend: Sendable {
    public let id: BlobID
    public let user: UserID
    /// Where they belong.
    public let offset: Int
    public let bytes: [UInt8]
    public let limits: BlobLimits
    public let now: Timestamp

    public init(id: BlobID, user: UserID, offset: Int, bytes: [UInt8], limits: BlobLimits, now: Timestamp) {
        self.id = id
        self.user = user
        self.offset = offset
        self.bytes = bytes
        self.limits = limits
        self.now = now
    }

    /// What a store writes of it. Throws `BlobError`, and what `piece` throws.
    /// - Parameters:
    ///   - stored: the blob, which nobody else can change before the commit.
    ///   - piece: reads the piece of that number.
    public func decide(on stored: StoredBlob?, piece: (Int) throws -> [UInt8]) throws -> BlobChange {
        let blob = try stored.owned(by: user, now: now)
        guard offset == blob.received else {
            guard offset < blob.received, bytes.count <= blob.received - offset, try isThere(piece) else {
                throw BlobError.offsetDiffers(received: blob.received)
            }
            return BlobChange(blob: blob, pieces: [])
        }
        guard bytes.count <= blob.length - offset else {
            throw BlobError.invalid(field: UploadField.length, reason: "There are more bytes than the blob is long.")
        }
        if bytes.isEmpty { return BlobChange(blob: blob, pieces: []) }
        let received = offset + bytes.count
        let lifetime = received == blob.length ? limits.lifetime : limits.uploadLifetime
        return BlobChange(
            blob: StoredBlob(user: user, length: blob.length, received: received, expires: now + lifetime),
            pieces: try pieces(piece))
    }

    /// Those that grow or are new.
    private func pieces(_ piece: (Int) throws -> [UInt8]) throws -> [BlobChange.Piece] {
        let size = StoredBlob.pieceBytes
        let first = offset / size
        let whole = (offset % size == 0 ? [] : try piece(first)) + bytes
        return stride(from: 0, to: whole.count, by: size).map { start in
            BlobChange.Piece(number: first + start / size, bytes: Array(whole[start..<min(start + size, whole.count)]))
        }
    }

    /// Whether the blob has these very bytes at this place.
    private func isThere(_ piece: (Int) throws -> [UInt8]) throws -> Bool {
        let size = StoredBlob.pieceBytes
        var place = offset
        while place < offset + bytes.count {
            let end = min((place / size + 1) * size, offset + bytes.count)
            let start = place / size * size
            let stored = try piece(place / size)
            guard stored.count >= end - start, stored[(place - start)..<(end - start)] == bytes[(place - offset)..<(end - offset)]
            else { return false }
            place = end
        }
        return true
    }
}

/// What a store writes of an append.
public struct BlobChange: Sendable {
    public struct Piece: Sendable {
        public let number: Int
        /// All of it, also what was there.
        public let bytes: [UInt8]
    }

    public let blob: StoredBlob
    /// Empty when nothing changes.
    public let pieces: [Piece]
}

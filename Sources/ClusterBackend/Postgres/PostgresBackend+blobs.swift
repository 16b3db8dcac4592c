import MessengerAPI
import MessengerCore

extension PostgresBackend: BlobStore {
    public func create(_ blob: NewBlob) async throws {
        try await pool.write { transaction in
            let inbox = try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(blob.user))
            guard !inbox.isEmpty else { throw BlobError.unknownUser }
            let usage = try transaction.run(
                """
                SELECT count(*), count(*) FILTER (WHERE received < length), coalesce(sum(length), 0)::bigint
                FROM blobs WHERE user_id = $1 AND expires_at > $2
                """, .id(blob.user), .id(blob.now)
            ).first.map { BlobUsage(blobs: $0.size(0), uploads: $0.size(1), bytes: $0.size(2)) }
            try blob.check(usage ?? BlobUsage(blobs: 0, uploads: 0, bytes: 0))
            transaction.runLast(
                "INSERT INTO blobs (id, user_id, length, received, expires_at) VALUES ($1, $2, $3, 0, $4)",
                .bytes(blob.id.bytes), .id(blob.user), .int(Int64(blob.length)), .id(blob.expires))
        }
    }

    public func blob(_ id: BlobID, now: Timestamp) async throws -> StoredBlob? {
        try await pool.run("\(Self.findBlob) AND expires_at > $2", .bytes(id.bytes), .id(now)) { Self.blob($0) }
    }

    private static let findBlob = "SELECT user_id, length, received, expires_at FROM blobs WHERE id = $1"

    private static func blob(_ rows: PostgresRows) -> StoredBlob? {
        rows.first.map { StoredBlob(user: $0.id(0), length: $0.size(1), received: $0.size(2), expires: $0.id(3)) }
    }

    public func append(_ append: BlobAppend) async throws -> StoredBlob {
        let id = PostgresValue.bytes(append.id.bytes)
        return try await pool.write { transaction in
            let stored = Self.blob(try transaction.run("\(Self.findBlob) FOR UPDATE", id))
            let change = try append.decide(on: stored) { number in
                try transaction.run(Self.findPiece, id, .int(Int64(number))).first?.bytes(0) ?? []
            }
            guard !change.pieces.isEmpty else { return change.blob }
            try transaction.run(
                """
                INSERT INTO blob_pieces (blob, number, bytes)
                SELECT $1, new.number, new.bytes FROM unnest($2, $3) AS new (number, bytes)
                ON CONFLICT (blob, number) DO UPDATE SET bytes = excluded.bytes
                """, id, .ints(change.pieces.map { Int64($0.number) }), .byteStrings(change.pieces.map(\.bytes)))
            transaction.runLast(
                "UPDATE blobs SET received = $2, expires_at = $3 WHERE id = $1", id, .int(Int64(change.blob.received)),
                .id(change.blob.expires))
            return change.blob
        }
    }

    public func piece(_ number: Int, of id: BlobID) async throws -> [UInt8]? {
        try await pool.run(Self.findPiece, .bytes(id.bytes), .int(Int64(number))) { $0.first?.bytes(0) }
    }

    private static let findPiece = "SELECT bytes FROM blob_pieces WHERE blob = $1 AND number = $2"

    public func deleteBlob(_ id: BlobID, by user: UserID, now: Timestamp) async throws {
        try await pool.write { transaction in
            _ = try Self.blob(try transaction.run("\(Self.findBlob) FOR UPDATE", .bytes(id.bytes))).owned(by: user, now: now)
            // The sweep removes the pieces. Nobody can read them any more.
            transaction.runLast("UPDATE blobs SET expires_at = 0 WHERE id = $1", .bytes(id.bytes))
        }
    }

    /// Drops a few pieces of blobs that have had their time, and the blobs that have none left. Whether there may be more
    /// to do. What somebody works on is left for the next time.
    func dropOldBlobs(before now: Timestamp) async throws -> Bool {
        try await pool.write { transaction in
            let blobs = try transaction.run(
                "SELECT id FROM blobs WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED", .id(now),
                .int(Int64(BlobLimits.sweptBlobs))
            ).map { $0.bytes(0) }
            guard !blobs.isEmpty else { return false }
            let dropped = try transaction.run(
                """
                DELETE FROM blob_pieces WHERE (blob, number) IN (
                    SELECT blob, number FROM blob_pieces WHERE blob = ANY ($1) LIMIT $2)
                """, .byteStrings(blobs), .int(Int64(BlobLimits.sweptPieces))
            ).changed
            if dropped == BlobLimits.sweptPieces { return true }
            transaction.runLast("DELETE FROM blobs WHERE id = ANY ($1)", .byteStrings(blobs))
            return blobs.count == BlobLimits.sweptBlobs
        }
    }
}

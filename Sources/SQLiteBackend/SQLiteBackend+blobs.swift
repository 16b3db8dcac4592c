import Foundation
import GRDB
import MessengerAPI
import MessengerCore

extension SQLiteBackend: BlobStore {
    static let blobsSchema = """
        CREATE TABLE blobs (
            id BLOB PRIMARY KEY,
            user_id INTEGER NOT NULL,
            length INTEGER NOT NULL,
            received INTEGER NOT NULL,
            expires_at INTEGER NOT NULL              -- 0: deleted, or the user is
        ) WITHOUT ROWID;
        CREATE INDEX blobs_of_user ON blobs (user_id);
        CREATE INDEX blobs_expiring ON blobs (expires_at);

        CREATE TABLE blob_pieces (
            blob BLOB NOT NULL,
            number INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (blob, number)
        );
        """

    public func create(_ blob: NewBlob) async throws {
        try await write { db in
            guard try Bool.fetchOne(db, sql: "SELECT 1 FROM users WHERE id = ?", arguments: [blob.user.rawValue]) != nil else {
                throw BlobError.unknownUser
            }
            let usage = try Row.fetchOne(
                db,
                sql: """
                    SELECT count(*) AS blobs, coalesce(sum(received < length), 0) AS uploads, coalesce(sum(length), 0) AS bytes
                    FROM blobs WHERE user_id = ? AND expires_at > ?
                    """, arguments: [blob.user.rawValue, blob.now.rawValue]
            ).map { BlobUsage(blobs: $0["blobs"], uploads: $0["uploads"], bytes: $0["bytes"]) }
            try blob.check(usage ?? BlobUsage(blobs: 0, uploads: 0, bytes: 0))
            try db.execute(
                sql: "INSERT INTO blobs (id, user_id, length, received, expires_at) VALUES (?, ?, ?, 0, ?)",
                arguments: [Data(blob.id.bytes), blob.user.rawValue, blob.length, blob.expires.rawValue])
        }
    }

    public func blob(_ id: BlobID, now: Timestamp) async throws -> StoredBlob? {
        try await read { db in try Self.blob(id, in: db) }.flatMap { $0.expires > now ? $0 : nil }
    }

    private static func blob(_ id: BlobID, in db: Database) throws -> StoredBlob? {
        try Row.fetchOne(
            db, cachedSQL: "SELECT user_id, length, received, expires_at FROM blobs WHERE id = ?", arguments: [Data(id.bytes)]
        ).map {
            StoredBlob(
                user: UserID($0["user_id"]), length: $0["length"], received: $0["received"],
                expires: Timestamp(milliseconds: $0["expires_at"]))
        }
    }

    public func append(_ append: BlobAppend) async throws -> StoredBlob {
        try await write { db in
            let change = try append.decide(on: try Self.blob(append.id, in: db)) {
                try Self.piece($0, of: append.id, in: db) ?? []
            }
            guard !change.pieces.isEmpty else { return change.blob }
            for piece in change.pieces {
                try db.execute(
                    cachedSQL: "INSERT OR REPLACE INTO blob_pieces (blob, number, bytes) VALUES (?, ?, ?)",
                    arguments: [Data(append.id.bytes), piece.number, Data(piece.bytes)])
            }
            try db.execute(
                cachedSQL: "UPDATE blobs SET received = ?, expires_at = ? WHERE id = ?",
                arguments: [change.blob.received, change.blob.expires.rawValue, Data(append.id.bytes)])
            return change.blob
        }
    }

    public func piece(_ number: Int, of id: BlobID) async throws -> [UInt8]? {
        try await read { db in try Self.piece(number, of: id, in: db) }
    }

    private static func piece(_ number: Int, of id: BlobID, in db: Database) throws -> [UInt8]? {
        try Row.fetchOne(
            db, cachedSQL: "SELECT bytes FROM blob_pieces WHERE blob = ? AND number = ?", arguments: [Data(id.bytes), number]
        ).map { Array($0["bytes"] as Data) }
    }

    public func deleteBlob(_ id: BlobID, by user: UserID, now: Timestamp) async throws {
        try await write { db in
            _ = try Self.blob(id, in: db).owned(by: user, now: now)
            // The sweep removes the pieces. Nobody can read them any more.
            try db.execute(sql: "UPDATE blobs SET expires_at = 0 WHERE id = ?", arguments: [Data(id.bytes)])
        }
    }

    /// Lets all blobs of a user expire.
    static func deleteBlobs(of user: UserID, in db: Database) throws {
        try db.execute(sql: "UPDATE blobs SET expires_at = 0 WHERE user_id = ?", arguments: [user.rawValue])
    }
}

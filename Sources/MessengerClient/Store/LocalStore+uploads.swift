import Foundation
import GRDB
import MessengerAPI
import MessengerCrypto

extension LocalStore {
    static let uploadSchema = "CREATE TABLE upload (id BLOB PRIMARY KEY, created INTEGER NOT NULL, state BLOB NOT NULL)"

    func keep(_ upload: StoredUpload, as id: PendingUpload.ID, now: UInt64) async throws {
        try await write { [cipher] db in
            try db.execute(
                sql: """
                    INSERT INTO upload (id, created, state) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state
                    """,
                arguments: [
                    Data(id.bytes), Int64(clamping: now),
                    try cipher.seal(WireJSON.encode(upload), column: "upload", row: id.bytes),
                ])
        }
    }

    /// Oldest first.
    func uploads() async throws -> [(id: PendingUpload.ID, upload: StoredUpload)] {
        try await read { [cipher] db in
            try Row.fetchAll(db, sql: "SELECT id, state FROM upload ORDER BY created, rowid").map { row in
                let id = PendingUpload.ID(bytes: Array(row["id"] as Data))
                return (id, try Self.upload(row["state"], id, cipher))
            }
        }
    }

    func upload(_ id: PendingUpload.ID) async throws -> StoredUpload? {
        try await read { [cipher] db in
            try Data.fetchOne(db, sql: "SELECT state FROM upload WHERE id = ?", arguments: [Data(id.bytes)])
                .map { try Self.upload($0, id, cipher) }
        }
    }

    /// Nothing happens when it is not there.
    func forget(_ id: PendingUpload.ID) async throws {
        try await write { db in try db.execute(sql: "DELETE FROM upload WHERE id = ?", arguments: [Data(id.bytes)]) }
    }

    /// Forgets it in the transaction that stores its message. Throws `MessengerError.notFound` when it is not there: it has one.
    static func finish(_ id: PendingUpload.ID, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM upload WHERE id = ?", arguments: [Data(id.bytes)])
        guard db.changesCount == 1 else { throw MessengerError.notFound }
    }

    /// Messages of others with files, newest first.
    func attachments(limit: Int) async throws -> [StoredMessage] {
        try await read { [cipher] db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM message WHERE type = ? AND is_mine = 0 AND body IS NOT NULL ORDER BY position DESC LIMIT ?
                    """, arguments: [MessageType.attachment.rawValue, limit]
            ).map { try Self.message($0, cipher) }
        }
    }

    func message(at position: HistoryPosition) async throws -> StoredMessage? {
        try await read { [cipher] db in
            try Row.fetchOne(db, sql: "SELECT * FROM message WHERE position = ?", arguments: [position.rawValue])
                .map { try Self.message($0, cipher) }
        }
    }

    private static func upload(_ sealed: Data, _ id: PendingUpload.ID, _ cipher: StoreCipher) throws -> StoredUpload {
        let bytes = try cipher.open(sealed, column: "upload", row: id.bytes)
        guard let upload = try? JSONDecoder().decode(StoredUpload.self, from: Data(bytes)) else {
            throw MessengerError.store("an upload in it is damaged")
        }
        return upload
    }
}

import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCrypto

extension LocalStore {
    /// A new key in the store, before anybody hears of it.
    func add(_ keys: [(key: KEMPrivateKey, record: Signed<KeyRecord>)]) async throws {
        try await write { [cipher] db in
            for (key, record) in keys {
                let id = KeyID(of: record.object)
                try db.execute(
                    sql: "INSERT INTO private_key (id, kind, created, seed, record) VALUES (?, ?, ?, ?, ?)",
                    arguments: [
                        Data(id.bytes), record.object.kind.rawValue, Int64(record.object.created),
                        try cipher.seal(key.seed.exposed, column: "private_key", row: id.bytes), Data(record.bytes),
                    ])
            }
        }
    }

    func heldKeys() async throws -> [HeldKey] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT id, kind, created, published, succeeded_at, sealed_through FROM private_key ORDER BY created"
            ).compactMap { row in
                guard let id = KeyID(row["id"] as Data), let kind = KeyRecord.Kind(rawValue: row["kind"]) else { return nil }
                return HeldKey(
                    id: id, kind: kind, created: UInt64(row["created"] as Int64), isPublished: row["published"],
                    succeededAt: (row["succeeded_at"] as Int64?).map { UInt64($0) },
                    sealedThrough: (row["sealed_through"] as Int64?).map { MessageNumber($0) })
            }
        }
    }

    /// Nil when it is gone.
    func privateKey(_ id: KeyID, suite: KEMSuite) async throws -> KEMPrivateKey? {
        try await read { [cipher] db in try Self.privateKey(id, suite: suite, cipher, db) }
    }

    static func privateKey(_ id: KeyID, suite: KEMSuite, _ cipher: StoreCipher, _ db: Database) throws -> KEMPrivateKey? {
        let sealed = try Data.fetchOne(
            db, cachedSQL: "SELECT seed FROM private_key WHERE id = ?", arguments: [Data(id.bytes)])
        return try sealed.flatMap {
            KEMPrivateKey(suite: suite, seed: SecretBytes(try cipher.open($0, column: "private_key", row: id.bytes)))
        }
    }

    /// The signed records of keys that the server may not have yet.
    func unpublishedRecords() async throws -> [Signed<KeyRecord>] {
        try await read { db in
            try Data.fetchAll(db, sql: "SELECT record FROM private_key WHERE published = 0").compactMap { Signed(Array($0)) }
        }
    }

    /// - Parameter sealedThrough: the number after which nothing sealed to earlier rotating keys comes, when one was published.
    func markPublished(_ ids: [KeyID], newRotating: KeyID?, sealedThrough: MessageNumber, now: UInt64) async throws {
        try await write { db in
            for id in ids {
                try db.execute(sql: "UPDATE private_key SET published = 1 WHERE id = ?", arguments: [Data(id.bytes)])
            }
            guard let newRotating else { return }
            try db.execute(
                sql: """
                    UPDATE private_key SET succeeded_at = ?, sealed_through = ?
                    WHERE kind = 1 AND published = 1 AND succeeded_at IS NULL AND id <> ?
                    """, arguments: [Int64(now), sealedThrough.rawValue, Data(newRotating.bytes)])
        }
    }

    func destroyKeys(_ ids: [KeyID]) async throws {
        guard !ids.isEmpty else { return }
        try await write { db in
            for id in ids { try db.execute(sql: "DELETE FROM private_key WHERE id = ?", arguments: [Data(id.bytes)]) }
        }
        try await forgetTraces()
    }
}

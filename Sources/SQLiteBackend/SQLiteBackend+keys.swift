import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCore

extension SQLiteBackend: KeyStore {
    public func publishedKeys(of account: AccountReference) async throws -> PublishedKeys? {
        try await read { db in
            let condition = if case .user = account { "u.id = ?" } else { "u.username = ?" }
            let argument: any DatabaseValueConvertible =
                switch account {
                case .user(let user): user.rawValue
                case .name(let name): name.text
                }
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT u.id, u.username, i.keys_version FROM users u JOIN inboxes i ON i.user_id = u.id
                    JOIN key_accounts a ON a.user_id = u.id WHERE \(condition)
                    """, arguments: [argument])
            guard let row else { return nil }
            let user = row["id"] as Int64
            func bytes(_ sql: String) throws -> [[UInt8]] {
                try Data.fetchAll(db, sql: sql, arguments: [user]).map { Array($0) }
            }
            let devices = try Row.fetchAll(
                db, sql: "SELECT device, rotating FROM key_devices WHERE user_id = ? ORDER BY device", arguments: [user])
            return PublishedKeys(
                user: UserID(user), username: row["username"], keysVersion: KeysVersion(row["keys_version"]),
                states: try bytes("SELECT state FROM key_states WHERE user_id = ? ORDER BY seq"),
                certificates: try bytes("SELECT certificate FROM key_certificates WHERE user_id = ? ORDER BY certificate"),
                devices: devices.map { (Self.device($0["device"]), ($0["rotating"] as Data?).map { Array($0) }) })
        }
    }

    private static func device(_ bytes: Data) -> DeviceFingerprint { DeviceFingerprint(unchecked: Array(bytes)) }

    public func certificate(of device: DeviceFingerprint, of user: UserID) async throws -> [UInt8]? {
        try await read { db in
            try Data.fetchOne(
                db,
                sql: """
                    SELECT c.certificate FROM key_devices d
                    JOIN key_certificates c ON c.user_id = d.user_id AND c.hash = d.certificate
                    WHERE d.user_id = ? AND d.device = ?
                    """, arguments: [user.rawValue, Data(device.bytes)]
            ).map { Array($0) }
        }
    }

    public func publish(_ keys: KeyPublication) async throws -> KeyCount {
        let limits = limits.keys
        return try await write { db in
            let (user, device) = (keys.user.rawValue, Data(keys.device.bytes))
            let change = try keys.decide(on: try Self.deviceKeys(db, keys), limits: limits)
            try db.execute(
                sql: "UPDATE key_devices SET owner = ? WHERE user_id = ? AND device = ?",
                arguments: [keys.session.rawValue, user, device])
            if let rotating = change.rotating {
                try db.execute(
                    sql: "UPDATE inboxes SET keys_version = keys_version + 1 WHERE user_id = ?", arguments: [user])
                try db.execute(
                    sql: """
                        UPDATE key_devices SET rotating = ?1,
                            sealed_through = (SELECT next - 1 FROM inboxes WHERE user_id = ?2)
                        WHERE user_id = ?2 AND device = ?3
                        """, arguments: [Data(rotating.bytes), user, device])
            }
            for record in change.oneTime {
                try db.execute(
                    sql: """
                        INSERT INTO one_time_keys (user_id, device, id, position, expires_at, record) VALUES (?1, ?2, ?3, (
                            SELECT coalesce(max(position), 0) + 1 FROM one_time_keys WHERE user_id = ?1 AND device = ?2
                        ), ?4, ?5)
                        """,
                    arguments: [
                        user, device, Data(KeyID(of: record.object).bytes), Int64(clamping: record.object.expires),
                        Data(record.bytes),
                    ])
            }
            guard let count = try Self.keyCount(db, of: keys.device, of: keys.user, now: keys.now) else {
                throw StoreError.unavailable("a device has gone while it was locked")
            }
            return count
        }
    }

    private static func deviceKeys(_ db: Database, _ keys: KeyPublication) throws -> DeviceKeys? {
        let (user, device) = (keys.user.rawValue, Data(keys.device.bytes))
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT d.id AS owner, k.rotating FROM key_devices k LEFT JOIN devices d ON d.id = k.owner AND d.user_id = k.user_id
                WHERE k.user_id = ? AND k.device = ?
                """, arguments: [user, device])
        guard let row else { return nil }
        let known = try keys.oneTime.map { KeyID(of: $0.object) }.filter { id in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM one_time_keys WHERE user_id = ? AND device = ? AND id = ?)",
                arguments: [user, device, Data(id.bytes)]) ?? false
        }
        return DeviceKeys(
            owner: (row["owner"] as Int64?).map { DeviceID($0) },
            rotating: (row["rotating"] as Data?).flatMap { Signed<KeyRecord>(Array($0)) },
            waiting: try keyCount(db, of: keys.device, of: keys.user, now: keys.now)?.oneTime ?? 0, known: Set(known))
    }

    public func keyCount(of device: DeviceFingerprint, of user: UserID, now: Timestamp) async throws -> KeyCount? {
        try await read { db in try Self.keyCount(db, of: device, of: user, now: now) }
    }

    private static func keyCount(
        _ db: Database, of device: DeviceFingerprint, of user: UserID, now: Timestamp
    ) throws -> KeyCount? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT i.keys_version, k.rotating, k.sealed_through, (
                    SELECT count(*) FROM one_time_keys o
                    WHERE o.user_id = k.user_id AND o.device = k.device AND o.claimed_at IS NULL AND o.expires_at > ?3
                ) AS waiting
                FROM key_devices k JOIN inboxes i ON i.user_id = k.user_id WHERE k.user_id = ?1 AND k.device = ?2
                """, arguments: [user.rawValue, Data(device.bytes), now.rawValue]
        ).map { row in
            KeyCount(
                keysVersion: KeysVersion(row["keys_version"]), oneTime: row["waiting"],
                rotating: (row["rotating"] as Data?).flatMap { Signed<KeyRecord>(Array($0)) }.map { KeyID(of: $0.object) },
                sealedThrough: MessageNumber(row["sealed_through"]))
        }
    }

    public func keep(_ note: LinkNote) async throws {
        let limits = limits.keys
        try await write { db in
            try db.execute(
                sql: "DELETE FROM link_notes WHERE user_id = ? AND expires_at <= ?",
                arguments: [note.user.rawValue, note.now.rawValue])
            let notes = try Row.fetchAll(
                db, sql: "SELECT id, data FROM link_notes WHERE user_id = ?", arguments: [note.user.rawValue])
            let isThere = try note.isThere(
                among: notes.map { (Array($0["id"] as Data), Array($0["data"] as Data)) }, limits: limits)
            if isThere { return }
            try db.execute(
                sql: "INSERT INTO link_notes (user_id, id, data, expires_at) VALUES (?, ?, ?, ?)",
                arguments: [
                    note.user.rawValue, Data(note.id), Data(note.data), (note.now + limits.noteLifetime).rawValue,
                ])
        }
    }

    public func linkNote(_ id: [UInt8], of user: UserID, now: Timestamp) async throws -> [UInt8]? {
        try await read { db in
            try Data.fetchOne(
                db, sql: "SELECT data FROM link_notes WHERE user_id = ? AND id = ? AND expires_at > ?",
                arguments: [user.rawValue, Data(id), now.rawValue]
            ).map { Array($0) }
        }
    }
}

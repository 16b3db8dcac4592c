import Foundation
import GRDB
import MessengerAPI
import MessengerCore

extension SQLiteBackend: AdminStore {
    /// A random secret of that name, made at the first call and the same ever after.
    public func secret(named name: String, bytes: Int) async throws -> [UInt8] {
        try await write { db in try Self.secret(named: name, bytes: bytes, in: db) }
    }

    static func secret(named name: String, bytes: Int, in db: Database) throws -> [UInt8] {
        try db.execute(
            sql: "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
            arguments: [name, Data(SecureRandom.bytes(bytes))])
        return Array(try Data.fetchOne(db, sql: "SELECT value FROM secrets WHERE name = ?", arguments: [name])!)
    }

    public func addInvitation(_ code: TokenHash, expires: Timestamp) async throws {
        try await write { db in
            try db.execute(
                sql: "INSERT INTO invitations (code, expires_at) VALUES (?, ?)",
                arguments: [Data(code.bytes), expires.rawValue])
        }
    }

    public func users(after: UserID, limit: Int) async throws -> [UserSummary] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT u.id, u.username, i.messages, (SELECT count(*) FROM devices d WHERE d.user_id = u.id) AS devices
                    FROM users u JOIN inboxes i ON i.user_id = u.id WHERE u.id > ? ORDER BY u.id LIMIT ?
                    """, arguments: [after.rawValue, limit]
            ).compactMap { row in
                Username(row["username"]).map {
                    UserSummary(id: UserID(row["id"]), username: $0, devices: row["devices"], waiting: row["messages"])
                }
            }
        }
    }

    public func sessions(of user: UserID?, after: DeviceID, limit: Int, now: Timestamp) async throws -> [SessionSummary] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT d.id, d.user_id, u.username, d.token_used, d.pushes FROM devices d JOIN users u ON u.id = d.user_id
                    WHERE d.id > ?1 AND d.token IS NOT NULL AND d.token_used > ?2 AND (?3 IS NULL OR d.user_id = ?3)
                    ORDER BY d.id LIMIT ?4
                    """, arguments: [after.rawValue, (now - Session.lifetime).rawValue, user?.rawValue, limit]
            ).map {
                SessionSummary(
                    device: DeviceID($0["id"]), user: UserID($0["user_id"]), username: $0["username"],
                    lastUsed: Timestamp(milliseconds: $0["token_used"]), isPushedTo: $0["pushes"])
            }
        }
    }

    public func statistics() async throws -> Statistics {
        try await read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM devices) AS devices,
                        (SELECT count(*) FROM devices WHERE token IS NOT NULL) AS sessions,
                        (SELECT coalesce(sum(messages), 0) FROM inboxes) AS messages, (SELECT coalesce(sum(bytes), 0) FROM inboxes) AS bytes
                    """)!
            return Statistics(
                users: row["users"], devices: row["devices"], sessions: row["sessions"], messages: row["messages"],
                bytes: row["bytes"])
        }
    }
}

import Foundation
import GRDB
import MessengerAPI
import MessengerCore

extension SQLiteBackend: AccountStore {
    /// A callback secret signs for this long after a newer login.
    private static let oldSecretLifetime = Duration.minutes(5)

    public func register(_ account: NewAccount) async throws -> UserID {
        try await write { db in
            if let code = account.invitation {
                try db.execute(
                    sql: "DELETE FROM invitations WHERE code = ? AND expires_at > ?",
                    arguments: [Data(code.bytes), account.now.rawValue])
                guard db.changesCount == 1 else { throw AccountError.invitationNeeded }
            }
            try db.execute(
                sql: """
                    INSERT INTO users (username, phone, password_hash, created_at) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    account.username.text, Data(account.phoneFingerprint), account.passwordHash, account.now.rawValue,
                ])
            guard db.changesCount == 1 else { throw AccountError.taken }
            let user = db.lastInsertedRowID
            try db.execute(sql: "INSERT INTO inboxes (user_id) VALUES (?)", arguments: [user])
            return UserID(user)
        }
    }

    public func account(named username: Username, from origin: String?) async throws -> Account? {
        try await read { db in
            let row = try Row.fetchOne(
                db, cachedSQL: "SELECT id, password_hash, public_key FROM users WHERE username = ?",
                arguments: [username.text])
            guard let row else { return nil }
            let isLive = try origin.map { origin in
                try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM devices WHERE user_id = ? AND origin_key = ? AND token IS NOT NULL)",
                    arguments: [row["id"] as Int64, origin]) ?? false
            }
            return Account(
                id: UserID(row["id"]), username: username, passwordHash: row["password_hash"],
                publicKey: String(decoding: row["public_key"] as Data, as: UTF8.self), hasLiveDeviceAtOrigin: isLive ?? false)
        }
    }

    public func logIn(_ login: Login) async throws -> LoginOutcome {
        let deviceLimit = limits.devices
        return try await write { db in
            try db.execute(
                sql: "UPDATE users SET public_key = ? WHERE id = ?",
                arguments: [Data(login.publicKey.utf8), login.user.rawValue])
            guard db.changesCount == 1 else { throw AccountError.unknownUser }
            if let device = try Self.knownDevice(db, login) {
                return try Self.goOn(db, with: device, login)
            }
            let evicted = try Self.evictLongestUnseen(db, login, keeping: deviceLimit - 1)
            return try Self.addDevice(db, login, evicted: evicted)
        }
    }

    private static func knownDevice(_ db: Database, _ login: Login) throws -> Int64? {
        if let device = login.device {
            let known = try Int64.fetchOne(
                db, sql: "SELECT id FROM devices WHERE id = ? AND user_id = ?",
                arguments: [device.rawValue, login.user.rawValue])
            guard known != nil else { throw AccountError.foreignDevice }
            return known
        }
        guard login.callback.isPushable else { return nil }
        return try Int64.fetchOne(
            db, sql: "SELECT id FROM devices WHERE user_id = ? AND address = ? ORDER BY last_seen DESC LIMIT 1",
            arguments: [login.user.rawValue, Data(login.callback.address.utf8)])
    }

    private static func goOn(_ db: Database, with device: Int64, _ login: Login) throws -> LoginOutcome {
        let callback = login.callback
        try db.execute(
            sql: """
                UPDATE devices SET generation = generation + 1, token = ?, token_used = ?, last_seen = ?, address = ?,
                    pushes = ?, origin = ?, origin_forwarded = ?, origin_key = ?, old_secret = secret,
                    old_secret_until = ?, secret = ?, failing_since = NULL, refused_number = NULL, refused_since = NULL
                WHERE id = ?
                """,
            arguments: [
                Data(login.token.bytes), login.now.rawValue, login.now.rawValue, Data(callback.address.utf8),
                callback.isPushable, callback.origin.address.description, callback.origin.wasForwarded, callback.origin.key,
                (login.now + oldSecretLifetime).rawValue, Data(callback.secret), device,
            ])
        let cursor = try Int64.fetchOne(db, sql: "SELECT cursor FROM devices WHERE id = ?", arguments: [device])!
        return LoginOutcome(device: DeviceID(device), cursor: MessageNumber(cursor), loggedOut: [DeviceID(device)])
    }

    private static func evictLongestUnseen(_ db: Database, _ login: Login, keeping limit: Int) throws -> [DeviceID] {
        let evicted = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM devices WHERE user_id = ?
                ORDER BY id IN (SELECT value FROM json_each(?)) DESC, last_seen DESC, id DESC LIMIT -1 OFFSET ?
                """, arguments: [login.user.rawValue, jsonArray(login.attached), limit])
        for device in evicted { try db.execute(sql: "DELETE FROM devices WHERE id = ?", arguments: [device]) }
        return evicted.map { DeviceID($0) }
    }

    private static func addDevice(_ db: Database, _ login: Login, evicted: [DeviceID]) throws -> LoginOutcome {
        let callback = login.callback
        let cursor = try Int64.fetchOne(
            db, sql: "SELECT received_through FROM inboxes WHERE user_id = ?", arguments: [login.user.rawValue])!
        try db.execute(
            sql: """
                INSERT INTO devices (user_id, cursor, token, token_used, last_seen, address, pushes, origin, origin_forwarded,
                    origin_key, secret)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                login.user.rawValue, cursor, Data(login.token.bytes), login.now.rawValue, login.now.rawValue,
                Data(callback.address.utf8), callback.isPushable, callback.origin.address.description,
                callback.origin.wasForwarded, callback.origin.key, Data(callback.secret),
            ])
        return LoginOutcome(
            device: DeviceID(db.lastInsertedRowID), cursor: MessageNumber(cursor), loggedOut: evicted)
    }

    public func session(_ token: TokenHash, now: Timestamp) async throws -> Session? {
        try await read { db in
            let row = try Row.fetchOne(
                db,
                cachedSQL: """
                    SELECT d.id, d.user_id, d.generation, d.token_used, u.username
                    FROM devices d JOIN users u ON u.id = d.user_id WHERE d.token = ? AND d.token_used > ?
                    """,
                arguments: [Data(token.bytes), (now - Session.lifetime).rawValue])
            guard let row, let username = Username(row["username"]) else { return nil }
            return Session(
                token: token, user: UserID(row["user_id"]), username: username, device: DeviceID(row["id"]),
                generation: row["generation"], lastUsed: Timestamp(milliseconds: row["token_used"]))
        }
    }

    public func refresh(_ tokens: [TokenHash], now: Timestamp) async throws {
        guard !tokens.isEmpty else { return }
        try await write { db in
            for token in tokens {
                try db.execute(
                    cachedSQL:
                        "UPDATE devices SET token_used = max(token_used, ?1), last_seen = max(last_seen, ?1) WHERE token = ?2",
                    arguments: [now.rawValue, Data(token.bytes)])
            }
        }
    }

    public func logOut(_ token: TokenHash) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE devices SET token = NULL, pushes = 0, generation = generation + 1 WHERE token = ?",
                arguments: [Data(token.bytes)])
        }
    }

    public func changePassword(of user: UserID, to passwordHash: String, keeping kept: TokenHash) async throws -> [DeviceID] {
        try await write { db in
            try db.execute(
                sql: "UPDATE users SET password_hash = ? WHERE id = ?", arguments: [passwordHash, user.rawValue])
            let others = try Int64.fetchAll(
                db, sql: "SELECT id FROM devices WHERE user_id = ? AND token IS NOT ?",
                arguments: [user.rawValue, Data(kept.bytes)])
            for device in others {
                try db.execute(
                    sql: "UPDATE devices SET token = NULL, pushes = 0, generation = generation + 1 WHERE id = ?",
                    arguments: [device])
            }
            return others.map { DeviceID($0) }
        }
    }

    public func delete(_ user: UserID, now: Timestamp) async throws -> Bool {
        let limits = limits.keys
        return try await write { db in
            try SQLiteLog(db).bury(user, limits: limits, now: now)
            try db.execute(sql: "DELETE FROM users WHERE id = ?", arguments: [user.rawValue])
            guard db.changesCount == 1 else { return false }
            try Self.deleteBlobs(of: user, in: db)
            // The log may be long: the sweep removes it by the batch. Nobody can read it any more.
            try db.execute(sql: "INSERT INTO doomed_inboxes (user_id) VALUES (?)", arguments: [user.rawValue])
            return true
        }
    }
}

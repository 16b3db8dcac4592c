import MessengerAPI
import MessengerCore

extension PostgresBackend: AccountStore {
    /// A callback secret signs for this long after a newer login.
    private static let oldSecretLifetime = Duration.minutes(5)

    public func register(_ account: NewAccount) async throws -> UserID {
        try await pool.write { transaction in
            if let code = account.invitation {
                let used = try transaction.run(
                    "DELETE FROM invitations WHERE code = $1 AND expires_at > $2", .bytes(code.bytes), .int(account.now.rawValue))
                guard used.changed == 1 else { throw AccountError.invitationNeeded }
            }
            // The look before spares an id; the conflict clause decides.
            let rows = try transaction.run(
                """
                INSERT INTO users (username, phone, password_hash, created_at)
                SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM users WHERE username = $1 OR phone = $2)
                ON CONFLICT DO NOTHING RETURNING id
                """, .text(account.username.text), .bytes(account.phoneFingerprint), .text(account.passwordHash),
                .int(account.now.rawValue))
            guard let user = rows.first?.int(0) else { throw AccountError.taken }
            transaction.runLast("INSERT INTO inboxes (user_id) VALUES ($1)", .int(user))
            return UserID(user)
        }
    }

    public func account(named username: Username, from origin: String?) async throws -> Account? {
        try await pool.run(
            """
            SELECT id, password_hash, public_key,
                EXISTS (SELECT 1 FROM devices d WHERE d.user_id = u.id AND d.origin_key = $2 AND d.token IS NOT NULL)
            FROM users u WHERE username = $1
            """, .text(username.text), origin.map { .text($0) } ?? .null(of: .text)
        ) { rows in
            rows.first.map {
                Account(
                    id: $0.id(0), username: username, passwordHash: $0.text(1), publicKey: $0.text(2),
                    hasLiveDeviceAtOrigin: $0.bool(3))
            }
        }
    }

    public func logIn(_ login: Login) async throws -> LoginOutcome {
        let deviceLimit = limits.devices
        return try await pool.write { transaction in
            let found = try transaction.run(
                "UPDATE users SET public_key = $1 WHERE id = $2", .bytes(Array(login.publicKey.utf8)), .id(login.user))
            guard found.changed == 1 else { throw AccountError.unknownUser }
            try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(login.user))
            if let device = try Self.knownDevice(&transaction, login) { return try Self.goOn(&transaction, with: device, login) }
            let evicted = try Self.evictLongestUnseen(&transaction, login, keeping: deviceLimit - 1)
            return try Self.addDevice(&transaction, login, evicted: evicted)
        }
    }

    private static func knownDevice(_ transaction: inout PostgresTransaction, _ login: Login) throws -> DeviceID? {
        if let device = login.device {
            let known = try transaction.run("SELECT 1 FROM devices WHERE user_id = $1 AND id = $2", .id(login.user), .id(device))
            guard !known.isEmpty else { throw AccountError.foreignDevice }
            return device
        }
        guard login.callback.isPushable else { return nil }
        return try transaction.run(
            "SELECT id FROM devices WHERE user_id = $1 AND address = $2 ORDER BY last_seen DESC LIMIT 1", .id(login.user),
            .bytes(Array(login.callback.address.utf8))
        ).first?.id(0)
    }

    private static func goOn(
        _ transaction: inout PostgresTransaction, with device: DeviceID, _ login: Login
    ) throws -> LoginOutcome {
        let callback = login.callback
        let rows = try transaction.run(
            """
            UPDATE devices SET generation = generation + 1, token = $3, token_used = $4, last_seen = $4, address = $5,
                pushes = $6, origin = $7, origin_forwarded = $8, origin_key = $9, old_secret = secret, old_secret_until = $10,
                secret = $11, failing_since = NULL, refused_number = NULL, refused_since = NULL
            WHERE user_id = $1 AND id = $2 RETURNING cursor, generation
            """, .id(login.user), .id(device), .bytes(login.token.bytes), .int(login.now.rawValue),
            .bytes(Array(callback.address.utf8)), .bool(callback.isPushable), .text(callback.origin.address.description),
            .bool(callback.origin.wasForwarded), .text(callback.origin.key), .int((login.now + oldSecretLifetime).rawValue),
            .bytes(callback.secret))
        guard let row = rows.first else { throw AccountError.foreignDevice }
        try noteEnded([EndedSessions(device: device, before: row.int(1))], &transaction)
        try noteDueCallbacks(of: [login.user], &transaction)
        return LoginOutcome(device: device, cursor: row.id(0), loggedOut: [device])
    }

    private static func evictLongestUnseen(
        _ transaction: inout PostgresTransaction, _ login: Login, keeping limit: Int
    ) throws -> [DeviceID] {
        let evicted: [DeviceID] = try transaction.run(
            """
            SELECT d.id FROM devices d LEFT JOIN stream_attachments a ON a.user_id = d.user_id AND a.device_id = d.id
            WHERE d.user_id = $1
            ORDER BY (d.id = ANY ($2) OR a.node IS NOT NULL) DESC, d.last_seen DESC, d.id DESC OFFSET $3
            """, .id(login.user), .ids(login.attached), .int(Int64(limit))
        ).map { $0.id(0) }
        try remove(evicted, of: login.user, &transaction)
        return evicted
    }

    private static func addDevice(
        _ transaction: inout PostgresTransaction, _ login: Login, evicted: [DeviceID]
    ) throws -> LoginOutcome {
        let callback = login.callback
        let rows = try transaction.run(
            """
            INSERT INTO devices (user_id, cursor, token, token_used, last_seen, address, pushes, origin, origin_forwarded,
                origin_key, secret)
            SELECT user_id, greatest(received_through, (SELECT max(acknowledged) FROM devices d WHERE d.user_id = i.user_id)),
                $2, $3, $3, $4, $5, $6, $7, $8, $9
            FROM inboxes i WHERE user_id = $1 RETURNING id, cursor
            """, .id(login.user), .bytes(login.token.bytes), .int(login.now.rawValue), .bytes(Array(callback.address.utf8)),
            .bool(callback.isPushable), .text(callback.origin.address.description), .bool(callback.origin.wasForwarded),
            .text(callback.origin.key), .bytes(callback.secret))
        guard let row = rows.first else { throw AccountError.unknownUser }
        try noteDueCallbacks(of: [login.user], &transaction)
        return LoginOutcome(device: row.id(0), cursor: row.id(1), loggedOut: evicted)
    }

    public func session(_ token: TokenHash, now: Timestamp) async throws -> Session? {
        try await pool.run(
            """
            SELECT d.id, d.user_id, d.generation, d.token_used, u.username
            FROM devices d JOIN users u ON u.id = d.user_id WHERE d.token = $1 AND d.token_used > $2
            """, .bytes(token.bytes), .int((now - Session.lifetime).rawValue)
        ) { rows in
            guard let row = rows.first, let username = Username(row.text(4)) else { return nil }
            return Session(
                token: token, user: row.id(1), username: username, device: row.id(0), generation: row.int(2),
                lastUsed: Timestamp(milliseconds: row.int(3)))
        }
    }

    public func refresh(_ tokens: [TokenHash], now: Timestamp) async throws {
        guard !tokens.isEmpty else { return }
        try await pool.write { transaction in
            try transaction.run(
                "SELECT 1 FROM devices WHERE token = ANY ($1) ORDER BY id FOR NO KEY UPDATE", .byteStrings(tokens.map(\.bytes)))
            transaction.runLast(
                """
                UPDATE devices SET token_used = greatest(token_used, $2), last_seen = greatest(last_seen, $2)
                WHERE token = ANY ($1)
                """, .byteStrings(tokens.map(\.bytes)), .int(now.rawValue))
        }
    }

    public func logOut(_ token: TokenHash) async throws {
        try await pool.write { transaction in
            let owner = try transaction.run("SELECT user_id, id FROM devices WHERE token = $1", .bytes(token.bytes)).first
            guard let owner else { return }
            let (user, device): (UserID, DeviceID) = (owner.id(0), owner.id(1))
            try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(user))
            // It may have logged in again meanwhile.
            let ended = try transaction.run(
                """
                UPDATE devices SET token = NULL, pushes = false, generation = generation + 1
                WHERE user_id = $1 AND id = $2 AND token = $3 RETURNING id, generation
                """, .id(user), .id(device), .bytes(token.bytes))
            try Self.noteEnded(Self.ended(ended), &transaction)
        }
    }

    public func changePassword(of user: UserID, to passwordHash: String, keeping kept: TokenHash) async throws -> [DeviceID] {
        try await pool.write { transaction in
            try transaction.run("UPDATE users SET password_hash = $1 WHERE id = $2", .text(passwordHash), .id(user))
            try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(user))
            let others: [DeviceID] = try transaction.run(
                "SELECT id FROM devices WHERE user_id = $1 AND token IS DISTINCT FROM $2 ORDER BY id FOR NO KEY UPDATE",
                .id(user), .bytes(kept.bytes)
            ).map { $0.id(0) }
            let ended = try transaction.run(
                """
                UPDATE devices SET token = NULL, pushes = false, generation = generation + 1
                WHERE user_id = $1 AND id = ANY ($2) RETURNING id, generation
                """, .id(user), .ids(others))
            try Self.noteEnded(Self.ended(ended), &transaction)
            return others
        }
    }

    public func delete(_ user: UserID, now: Timestamp) async throws -> Bool {
        let limits = limits.keys
        return try await pool.write { transaction in
            guard try transaction.run("DELETE FROM users WHERE id = $1", .id(user)).changed == 1 else { return false }
            try transaction.run("DELETE FROM inboxes WHERE user_id = $1", .id(user))
            let devices: [DeviceID] = try transaction.run(
                "SELECT id FROM devices WHERE user_id = $1 ORDER BY id FOR UPDATE", .id(user)
            ).map { $0.id(0) }
            try Self.remove(devices, of: user, &transaction)
            try transaction.run("UPDATE blobs SET expires_at = 0 WHERE user_id = $1", .id(user))
            try Self.removeKeys(of: user, limits: limits, now: now, &transaction)
            // The log may be long: the sweep removes it by the batch. Nobody can read it any more.
            transaction.runLast("INSERT INTO doomed_inboxes (user_id) VALUES ($1)", .id(user))
            return true
        }
    }

    /// Ends the live sessions of these devices; which those are. The inbox is locked.
    static func logOut(
        _ devices: [DeviceID], of user: UserID, _ transaction: inout PostgresTransaction
    ) throws -> [DeviceID] {
        guard !devices.isEmpty else { return [] }
        let live: [DeviceID] = try transaction.run(
            "SELECT id FROM devices WHERE user_id = $1 AND id = ANY ($2) AND token IS NOT NULL ORDER BY id FOR NO KEY UPDATE",
            .id(user), .ids(devices)
        ).map { $0.id(0) }
        let ended = try transaction.run(
            """
            UPDATE devices SET token = NULL, pushes = false, generation = generation + 1
            WHERE user_id = $1 AND id = ANY ($2) RETURNING id, generation
            """, .id(user), .ids(live))
        try noteEnded(Self.ended(ended), &transaction)
        return live
    }

    /// The devices with all that hangs on them. The inbox is locked, or gone.
    static func remove(_ devices: [DeviceID], of user: UserID, _ transaction: inout PostgresTransaction) throws {
        guard !devices.isEmpty else { return }
        let gone = try transaction.run(
            "DELETE FROM devices WHERE user_id = $1 AND id = ANY ($2) RETURNING acknowledged", .id(user), .ids(devices))
        let received = gone.map { $0.int(0) }.max() ?? 0
        try transaction.run(
            "UPDATE inboxes SET received_through = $2 WHERE user_id = $1 AND received_through < $2", .id(user), .int(received))
        for table in ["stream_attachments", "callbacks_due", "passed_over"] {
            try transaction.run("DELETE FROM \(table) WHERE user_id = $1 AND device_id = ANY ($2)", .id(user), .ids(devices))
        }
        try noteEnded(devices.map { EndedSessions(device: $0, before: .max) }, &transaction)
    }

    /// From rows of devices with their new generations.
    private static func ended(_ rows: PostgresRows) -> [EndedSessions] {
        rows.map { EndedSessions(device: $0.id(0), before: $0.int(1)) }
    }

    /// Lets every listener know of it within a second.
    private static func noteEnded(_ ended: [EndedSessions], _ transaction: inout PostgresTransaction) throws {
        guard !ended.isEmpty else { return }
        try transaction.run(
            "INSERT INTO ended_sessions (device_id, generation) SELECT * FROM unnest($1, $2)", .ids(ended.map(\.device)),
            .ints(ended.map(\.before)))
    }

    /// Puts the users' devices that have an address, something to push, and no live stream among the callbacks due. The
    /// inboxes are locked.
    static func noteDueCallbacks(of users: [UserID], _ transaction: inout PostgresTransaction) throws {
        try transaction.run(
            """
            INSERT INTO callbacks_due (user_id, device_id)
            SELECT d.user_id, d.id FROM devices d JOIN inboxes i ON i.user_id = d.user_id
            WHERE d.user_id = ANY ($1) AND d.pushes AND d.cursor < i.next - 1
                AND NOT EXISTS (SELECT 1 FROM stream_attachments a WHERE a.user_id = d.user_id AND a.device_id = d.id)
            ON CONFLICT DO NOTHING
            """, .ids(users))
    }
}

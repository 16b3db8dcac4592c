import MessengerAPI
import MessengerCore

extension PostgresBackend: AdminStore {
    /// A random secret of that name, made at the first call and the same ever after, for every process.
    public func secret(named name: String, bytes: Int) async throws -> [UInt8] {
        try await pool.write { transaction in
            try transaction.run(
                "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", .text(name),
                .bytes(SecureRandom.bytes(bytes)))
            return try transaction.run("SELECT value FROM secrets WHERE name = $1", .text(name)).first?.bytes(0) ?? []
        }
    }

    public func addInvitation(_ code: TokenHash, expires: Timestamp) async throws {
        try await pool.write { transaction in
            transaction.runLast("INSERT INTO invitations (code, expires_at) VALUES ($1, $2)", .bytes(code.bytes), .id(expires))
        }
    }

    public func users(after: UserID, limit: Int) async throws -> [UserSummary] {
        try await pool.run(
            """
            SELECT u.id, u.username, (SELECT count(*) FROM devices d WHERE d.user_id = u.id), i.messages
            FROM users u JOIN inboxes i ON i.user_id = u.id WHERE u.id > $1 ORDER BY u.id LIMIT $2
            """, .id(after), .int(Int64(limit))
        ) { rows in
            rows.map { row in
                Username(row.text(1)).map {
                    UserSummary(id: row.id(0), username: $0, devices: row.size(2), waiting: row.size(3))
                }
            }.compactMap { $0 }
        }
    }

    public func sessions(of user: UserID?, after: DeviceID, limit: Int, now: Timestamp) async throws -> [SessionSummary] {
        try await pool.run(
            """
            SELECT d.id, d.user_id, u.username, d.token_used, d.pushes FROM devices d JOIN users u ON u.id = d.user_id
            WHERE d.id > $1 AND d.token IS NOT NULL AND d.token_used > $2 AND ($3 IS NULL OR d.user_id = $3)
            ORDER BY d.id LIMIT $4
            """, .id(after), .id(now - Session.lifetime), user.map { .id($0) } ?? .null(of: .int), .int(Int64(limit))
        ) { rows in
            rows.map {
                SessionSummary(
                    device: $0.id(0), user: $0.id(1), username: $0.text(2), lastUsed: $0.id(3), isPushedTo: $0.bool(4))
            }
        }
    }

    public func statistics() async throws -> Statistics {
        try await pool.run(
            """
            SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM devices),
                (SELECT count(*) FROM devices WHERE token IS NOT NULL),
                (SELECT coalesce(sum(messages), 0)::bigint FROM inboxes), (SELECT coalesce(sum(bytes), 0)::bigint FROM inboxes)
            """
        ) { rows in
            guard let row = rows.first else { throw StoreError.unavailable("no answer") }
            return Statistics(
                users: row.size(0), devices: row.size(1), sessions: row.size(2), messages: row.size(3), bytes: row.size(4))
        }
    }
}

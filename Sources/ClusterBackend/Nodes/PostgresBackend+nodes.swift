import MessengerAPI
import MessengerCore

/// The processes of an installation, as the database sees them.
extension PostgresBackend {
    private static let leaseSeconds = NodeRegistration.lease.components.seconds
    private static let aliveUntil = "clock_timestamp() + interval '\(leaseSeconds) seconds'"
    private static let clock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    /// Inboxes locked at once while a dead node's streams are given up.
    private static let retiredAtOnce: Int64 = 500

    func register(_ role: String) async throws -> (NodeID, databaseTime: Timestamp) {
        try await pool.write { transaction in
            let rows = try transaction.run(
                "INSERT INTO nodes (role, alive_until) VALUES ($1, \(Self.aliveUntil)) RETURNING id, \(Self.clock)", .text(role))
            guard let row = rows.first else { throw StoreError.unavailable("no node id") }
            return (row.id(0), Timestamp(milliseconds: row.int(1)))
        }
    }

    /// The database's time, and whether callbacks wait that no node pushes; nil when others have taken the node for dead.
    func renew(_ node: NodeID) async throws -> (databaseTime: Timestamp, hasFreeCallbacks: Bool)? {
        try await pool.run(
            """
            UPDATE nodes SET alive_until = \(Self.aliveUntil) WHERE id = $1 AND NOT dead
            RETURNING \(Self.clock), EXISTS (SELECT 1 FROM callbacks_due WHERE node IS NULL)
            """, .id(node)
        ) { rows in rows.first.map { (Timestamp(milliseconds: $0.int(0)), $0.bool(1)) } }
    }

    /// Devices whose sessions ended in transactions from `start` on, and where the next read starts: every transaction
    /// before it has ended and was seen.
    func endedSessions(from start: String) async throws -> (devices: [DeviceID], next: String) {
        try await pool.run(
            """
            SELECT s.next, e.device_id FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next) AS s
            LEFT JOIN ended_sessions e ON e.transaction >= $1::xid8
            """, .text(start)
        ) { rows in
            (rows.map { $0.optionalInt(1) }.compactMap { $0.map { DeviceID($0) } }, rows.first?.text(0) ?? start)
        }
    }

    /// Takes nodes for dead that have not renewed their registration in time, and gives up what they held; those that were.
    func retireDead() async throws -> [NodeID] {
        let dead: [NodeID] = try await pool.write { transaction in
            try transaction.run(
                "UPDATE nodes SET dead = true WHERE NOT dead AND alive_until < clock_timestamp()")
            return try transaction.run("SELECT id FROM nodes WHERE dead").map { $0.id(0) }
        }
        for node in dead { try await giveUp(node) }
        return dead
    }

    /// Ends this node's own registration.
    func retire(_ node: NodeID) async throws {
        try await pool.write { transaction in transaction.runLast("UPDATE nodes SET dead = true WHERE id = $1", .id(node)) }
        try await giveUp(node)
    }

    /// The node is dead, so nothing is added to what it holds.
    private func giveUp(_ node: NodeID) async throws {
        while try await giveUpStreams(of: node) {}
        try await pool.write { transaction in
            try transaction.run("UPDATE callbacks_due SET node = NULL WHERE node = $1", .id(node))
            transaction.runLast("DELETE FROM nodes WHERE id = $1 AND dead", .id(node))
        }
    }

    /// False when none is left.
    private func giveUpStreams(of node: NodeID) async throws -> Bool {
        try await pool.write { transaction in
            let users: [UserID] = try transaction.run(
                """
                SELECT user_id FROM inboxes WHERE user_id = ANY (ARRAY(
                    SELECT DISTINCT user_id FROM stream_attachments WHERE node = $1 ORDER BY user_id LIMIT $2
                )) ORDER BY user_id FOR NO KEY UPDATE
                """, .id(node), .int(Self.retiredAtOnce)
            ).map { $0.id(0) }
            guard !users.isEmpty else { return false }
            try transaction.run("DELETE FROM stream_attachments WHERE node = $1 AND user_id = ANY ($2)", .id(node), .ids(users))
            for user in users { try Self.noteDueCallbacks(of: user, &transaction) }
            return true
        }
    }
}

import MessengerAPI
import MessengerCore

/// The processes of an installation, as the database sees them.
extension PostgresBackend {
    private static let leaseSeconds = NodeRegistration.lease.components.seconds
    private static let aliveUntil = "clock_timestamp() + interval '\(leaseSeconds) seconds'"
    private static let clock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    /// No transaction has this number.
    static let lastTransaction = "18446744073709551615"
    /// Inboxes locked at once while a dead node's streams are given up.
    private static let retiredAtOnce: Int64 = 500

    func register(_ role: String) async throws -> (NodeID, databaseTime: Timestamp) {
        try await registrationPool.write { transaction in
            let rows = try transaction.run(
                "INSERT INTO nodes (role, alive_until) VALUES ($1, \(Self.aliveUntil)) RETURNING id, \(Self.clock)", .text(role))
            guard let row = rows.first else { throw StoreError.unavailable("no node id") }
            return (row.id(0), Timestamp(milliseconds: row.int(1)))
        }
    }

    /// The database's time, and whether callbacks wait that no node pushes; nil when others have taken the node for dead. Learns
    /// how many processes of its role there are.
    func renew(_ node: NodeID) async throws -> (databaseTime: Timestamp, hasFreeCallbacks: Bool)? {
        try await registrationPool.run(
            """
            UPDATE nodes SET alive_until = \(Self.aliveUntil) WHERE id = $1 AND NOT dead
            RETURNING \(Self.clock), EXISTS (SELECT 1 FROM callbacks_due WHERE node IS NULL),
                (SELECT count(*) FROM nodes n WHERE n.role = nodes.role AND NOT n.dead)
            """, .id(node)
        ) { [pace] rows in
            rows.first.map { row in
                pace.processes(row.size(2))
                return (Timestamp(milliseconds: row.int(0)), row.bool(1))
            }
        }
    }

    /// Sessions that ended in transactions from `start` on, or none; and where the next read starts: every transaction before
    /// it has ended and was seen. One that ended since may come again.
    func endedSessions(from start: String = lastTransaction) async throws -> (ended: [EndedSessions], next: String) {
        try await registrationPool.run(
            """
            SELECT s.next, e.device_id, e.generation FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next) AS s
            LEFT JOIN ended_sessions e ON e.transaction >= $1::xid8
            """, .text(start)
        ) { rows in
            let ended = rows.map { row in row.optionalInt(1).map { EndedSessions(device: DeviceID($0), before: row.int(2)) } }
            return (ended.compactMap { $0 }, rows.first?.text(0) ?? start)
        }
    }

    /// Takes nodes for dead that have not renewed their registration in time, and gives up what they held; those that were.
    func retireDead() async throws -> [NodeID] {
        let dead: [NodeID] = try await pool.write { transaction in
            try transaction.run("UPDATE nodes SET dead = true WHERE NOT dead AND alive_until < clock_timestamp()")
            return try transaction.run("SELECT id FROM nodes WHERE dead UNION (\(Self.unregistered))").map { $0.id(0) }
        }
        for node in dead { try await giveUp(node) }
        return dead
    }

    /// Nodes that hold something although they have gone: they took it in a transaction that began before and ended after.
    /// Steps from node to node through the indexes.
    private static let unregistered = """
        WITH RECURSIVE held (node) AS (
            SELECT least((SELECT min(node) FROM callbacks_due), (SELECT min(node) FROM stream_attachments))
            UNION ALL
            SELECT least(
                (SELECT min(node) FROM callbacks_due WHERE node > held.node),
                (SELECT min(node) FROM stream_attachments WHERE node > held.node)
            ) FROM held WHERE held.node IS NOT NULL
        )
        SELECT node FROM held WHERE node IS NOT NULL AND NOT EXISTS (SELECT 1 FROM nodes WHERE id = held.node)
        """

    /// Ends this node's own registration.
    func retire(_ node: NodeID) async throws {
        try await pool.write { transaction in transaction.runLast("UPDATE nodes SET dead = true WHERE id = $1", .id(node)) }
        try await giveUp(node)
    }

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
            try Self.noteDueCallbacks(of: users, &transaction)
            return true
        }
    }
}

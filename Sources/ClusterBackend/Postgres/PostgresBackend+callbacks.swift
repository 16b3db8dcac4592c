import MessengerAPI
import MessengerCore

/// Each device with a callback due has one pusher: the sender whose node stands in its row of `callbacks_due`, for as long as
/// that node is registered.
extension PostgresBackend: CallbackStore {
    /// The most callbacks that one look takes over: others are to have some as well.
    private static let claimedAtOnce: Int64 = 1_000

    /// Takes over what nobody pushes, of these users or as much as one look may, and returns what is due and this node's. Of
    /// users whose callbacks another node pushes, that node is told.
    public func callbacksDue(of users: [UserID]?, besides others: Set<DeviceID>) async throws -> [CallbackDue] {
        guard let node = node() else { return [] }
        let found =
            if let users { try await found(of: users, besides: others, for: node) } else { try await foundByPoll(for: node) }
        var foreign: [HintDestination: Hints] = [:]
        for found in found {
            if let other = found.node, other != node { foreign[.node(other), default: Hints()].news.insert(found.due.user) }
        }
        send(foreign)
        let own = found.filter { $0.node == node }
        turns.takeOver(own.map(\.due.device))
        return own.map(\.due)
    }

    /// A callback that is due, and who pushes it.
    private struct Found {
        let due: CallbackDue
        let node: NodeID?

        init(_ row: PostgresRow) {
            due = CallbackDue(device: row.id(0), user: row.id(1), address: row.text(3))
            node = row.optionalInt(2).map { NodeID($0) }
        }

        /// From the rows of one device, one for each message of its first page.
        init(_ rows: [PostgresRow]) {
            let first = rows[0]
            let messages = rows.map { PostgresBackend.message($0, receiver: $0.id(1), from: 14) }
            let start = PostgresBackend.target(first).map { target in
                CallbackStart(
                    target: target,
                    page: PendingPage(messages: messages, start: target.cursor, head: (first.id(13) as MessageNumber).previous))
            }
            due = CallbackDue(device: first.id(0), user: first.id(1), address: first.text(4), start: start)
            node = first.optionalInt(12).map { NodeID($0) }
        }

        static func grouped(_ rows: PostgresRows) -> [Found] {
            Dictionary(grouping: rows.map { $0 }, by: { $0.int(0) }).sorted { $0.key < $1.key }.map { Found($0.value) }
        }
    }

    /// Mostly a look is enough: what is due is this node's already.
    private func found(of users: [UserID], besides others: Set<DeviceID>, for node: NodeID) async throws -> [Found] {
        let earliest = nextLook.withLock { $0 }
        if earliest > .now { try? await Task.sleep(until: earliest) }
        nextLook.withLock { $0 = users.count > 1 ? .now + pace.spacing : .now }
        let found = try await pool.run(Self.starts, .ids(users), .ids(others), read: Found.grouped)
        let free = found.filter { $0.node == nil }.map(\.due.user)
        guard !free.isEmpty else { return found }
        return try await pool.write { transaction in
            try Self.claim(for: node, free, &transaction)
            return Found.grouped(try transaction.run(Self.starts, .ids(users), .ids(others)))
        }
    }

    private func foundByPoll(for node: NodeID) async throws -> [Found] {
        try await giveUpIdleCallbacks(of: node)
        return try await pool.write { transaction in
            try Self.claim(for: node, nil, &transaction)
            return try transaction.run(Self.due + "c.node = $1", .id(node)).map(Found.init)
        }
    }

    /// The columns of `target`, who pushes, and the first page.
    private static let starts = """
        SELECT \(targetColumns), c.node, i.next, m.number, m.sender_id, m.sender_username, m.send_date, m.body
        FROM callbacks_due c JOIN devices d ON d.user_id = c.user_id AND d.id = c.device_id
        JOIN inboxes i ON i.user_id = d.user_id
        JOIN LATERAL (\(page(after: "d.cursor", messages: "100", bytes: "65536"))) AS m ON true
        WHERE d.pushes AND c.user_id = ANY ($1) AND c.device_id <> ALL ($2)
            AND NOT EXISTS (SELECT 1 FROM stream_attachments a WHERE a.user_id = d.user_id AND a.device_id = d.id)
        ORDER BY d.id, m.number
        """

    private static let targetColumns = """
        d.id, d.user_id, d.generation, d.cursor, d.address, d.origin, d.origin_forwarded, d.secret, d.old_secret,
            d.old_secret_until, d.refused_number, d.refused_since
        """

    private static let due = """
        SELECT d.id, d.user_id, c.node, d.address
        FROM callbacks_due c JOIN devices d ON d.user_id = c.user_id AND d.id = c.device_id
        WHERE \(isDue) AND 
        """

    /// Waits for a row that is being changed when the users are named: else the hint for it would be lost.
    private static func claim(for node: NodeID, _ users: [UserID]?, _ transaction: inout PostgresTransaction) throws {
        if let users {
            try transaction.run(
                """
                UPDATE callbacks_due c SET node = $1 FROM (
                    SELECT user_id, device_id FROM callbacks_due WHERE user_id = ANY ($2) AND node IS NULL
                    ORDER BY user_id, device_id FOR NO KEY UPDATE
                ) AS free WHERE c.user_id = free.user_id AND c.device_id = free.device_id
                """, .id(node), .ids(users))
        } else {
            try transaction.run(
                """
                UPDATE callbacks_due c SET node = $1 FROM (
                    SELECT user_id, device_id FROM callbacks_due WHERE node IS NULL LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
                ) AS free WHERE c.user_id = free.user_id AND c.device_id = free.device_id
                """, .id(node), .int(claimedAtOnce))
        }
    }

    /// Gives up what this node need not push any more: the next message may go to any sender.
    private func giveUpIdleCallbacks(of node: NodeID) async throws {
        let idle: [(user: UserID, device: DeviceID)] = try await pool.run(
            """
            SELECT c.user_id, c.device_id FROM callbacks_due c JOIN devices d ON d.user_id = c.user_id AND d.id = c.device_id
            WHERE c.node = $1 AND NOT \(Self.isDue)
            """, .id(node)
        ) { rows in rows.map { ($0.id(0), $0.id(1)) } }
        // What follows looks again: they may be due by then, and are this node's as before.
        let free = Set(turns.giveUp(idle.map(\.device)))
        let users = Set(idle.filter { free.contains($0.device) }.map(\.user))
        guard !users.isEmpty else { return }
        try await pool.write { transaction in
            let locked: [UserID] = try transaction.run(
                "SELECT user_id FROM inboxes WHERE user_id = ANY ($1) ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED",
                .ids(users.sorted())
            ).map { $0.id(0) }
            transaction.runLast(
                """
                DELETE FROM callbacks_due c WHERE c.node = $1 AND c.user_id = ANY ($2) AND c.device_id = ANY ($3) AND NOT EXISTS (
                    SELECT 1 FROM devices d WHERE d.user_id = c.user_id AND d.id = c.device_id AND \(Self.isDue)
                )
                """, .id(node), .ids(locked), .ids(free))
        }
    }

    /// Of a device `d`: it has an address, something waits, and no live stream takes it.
    private static let isDue = """
        (d.pushes AND EXISTS (SELECT 1 FROM messages m WHERE m.user_id = d.user_id AND m.number > d.cursor)
            AND NOT EXISTS (SELECT 1 FROM stream_attachments a WHERE a.user_id = d.user_id AND a.device_id = d.id))
        """

    public func callbackTarget(of device: DeviceID) async throws -> CallbackTarget? { try await targets.submit(device) }

    /// Nil for a device that is not this node's to push to.
    static func targets(_ devices: [DeviceID], node: NodeID?, from pool: PostgresPool) async throws -> [CallbackTarget?] {
        guard let node else { return devices.map { _ in nil } }
        return try await pool.run(
            """
            SELECT \(targetColumns)
            FROM callbacks_due c JOIN devices d ON d.user_id = c.user_id AND d.id = c.device_id
            WHERE c.device_id = ANY ($1) AND c.node = $2 AND d.pushes
                AND NOT EXISTS (SELECT 1 FROM stream_attachments a WHERE a.user_id = d.user_id AND a.device_id = d.id)
            """, .ids(devices), .id(node)
        ) { rows in
            let targets = rows.map { row in (row.id(0) as DeviceID, Self.target(row)) }
            let byDevice = Dictionary(targets) { $1 }
            return devices.map { byDevice[$0] ?? nil }
        }
    }

    private static func target(_ row: PostgresRow) -> CallbackTarget? {
        guard let address = CallbackAddress(row.text(4)), let origin = IPAddress(row.text(5)) else { return nil }
        let oldSecret = row.optionalBytes(8).map {
            CallbackTarget.OldSecret(secret: $0, until: Timestamp(milliseconds: row.int(9)))
        }
        var refusal: CallbackTarget.Refusal?
        if let number = row.optionalInt(10), let since = row.optionalInt(11) {
            refusal = CallbackTarget.Refusal(number: MessageNumber(number), since: Timestamp(milliseconds: since))
        }
        return CallbackTarget(
            device: row.id(0), user: row.id(1), generation: row.int(2), cursor: row.id(3), address: address,
            origin: ClientOrigin(address: origin, wasForwarded: row.bool(6)), secret: row.bytes(7), oldSecret: oldSecret,
            refusal: refusal)
    }

    public func callbackFailed(_ failure: CallbackFailure) async throws {
        try await pool.write { transaction in
            // One message is refused since its first refusal; any other outcome starts anew.
            transaction.runLast(
                """
                UPDATE devices SET failing_since = coalesce(failing_since, $1),
                    refused_since = CASE WHEN $2 IS NULL THEN NULL WHEN refused_number = $2 THEN refused_since ELSE $1 END,
                    refused_number = $2
                WHERE id = $3 AND generation = $4
                """, .id(failure.at), failure.refused.map { .id($0) } ?? .null(of: .int), .id(failure.device),
                .int(failure.generation))
        }
    }

    public func removeAddress(of device: DeviceID, generation: Int64) async throws {
        try await pool.write { transaction in
            transaction.runLast(
                "UPDATE devices SET address = '', pushes = false WHERE id = $1 AND generation = $2", .id(device), .int(generation)
            )
        }
    }

    public func passOver(_ number: MessageNumber, device: DeviceID, generation: Int64) async throws {
        try await pool.write { transaction in
            transaction.runLast(
                """
                WITH passed AS (
                    UPDATE devices SET cursor = $1, refused_number = NULL, refused_since = NULL
                    WHERE id = $2 AND generation = $3 AND cursor < $1 RETURNING user_id
                ) INSERT INTO passed_over (user_id, device_id, number) SELECT user_id, $2, $1 FROM passed
                """, .id(number), .id(device), .int(generation))
        }
    }

    public func passedOver(by device: DeviceID) async throws -> [MessageNumber] {
        try await pool.run("SELECT number FROM passed_over WHERE device_id = $1 ORDER BY number", .id(device)) { rows in
            rows.map { $0.id(0) }
        }
    }

    public func forgetPassedOver(_ numbers: [MessageNumber], by device: DeviceID) async throws {
        try await pool.write { transaction in
            transaction.runLast(
                "DELETE FROM passed_over WHERE device_id = $1 AND number = ANY ($2)", .id(device), .ids(numbers))
        }
    }
}

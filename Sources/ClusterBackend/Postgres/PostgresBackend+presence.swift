import MessengerAPI
import MessengerCore

extension PostgresBackend: DevicePresence {
    public func attach(_ session: Session) async throws -> StreamAttachment? {
        guard let node = node() else { throw StoreError.unreachable("this process is not registered") }
        let attachment = StreamAttachment(user: session.user, device: session.device, epoch: .random(in: 1 ... .max))
        do {
            return try await attach(attachment, session, node) ? attachment : nil
        } catch {
            // It may be there all the same.
            unfinishedDetachments.withLock { _ = $0.insert(attachment) }
            throw error
        }
    }

    /// False when the session has ended.
    private func attach(_ attachment: StreamAttachment, _ session: Session, _ node: NodeID) async throws -> Bool {
        let before: [NodeID]? = try await pool.write { transaction in
            try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(session.user))
            let isLive = try transaction.run(
                "SELECT 1 FROM devices WHERE user_id = $1 AND id = $2 AND token = $3", .id(session.user), .id(session.device),
                .bytes(session.token.bytes))
            guard !isLive.isEmpty else { return nil }
            let before = try transaction.run(
                """
                SELECT node FROM stream_attachments WHERE user_id = $1 AND device_id = $2 UNION ALL
                SELECT node FROM callbacks_due WHERE user_id = $1 AND device_id = $2 AND node IS NOT NULL
                """, .id(session.user), .id(session.device)
            ).map { $0.id(0) as NodeID }
            transaction.runLast(
                """
                INSERT INTO stream_attachments (user_id, device_id, node, epoch) VALUES ($1, $2, $3, $4)
                ON CONFLICT (user_id, device_id) DO UPDATE SET node = excluded.node, epoch = excluded.epoch
                """, .id(session.user), .id(session.device), .id(node), .int(attachment.epoch))
            return before
        }
        guard let before else { return false }
        let told = Set(before).subtracting([node])
        send(Dictionary(uniqueKeysWithValues: told.map { (.node($0), Hints(moved: [session.device])) }))
        return true
    }

    public func detach(_ attachment: StreamAttachment) async {
        do {
            try await end(attachment)
        } catch {
            unfinishedDetachments.withLock { _ = $0.insert(attachment) }
        }
    }

    /// Tells the database of the streams that ended while it could not be told. Throws `StoreError`.
    func finishDetachments() async throws {
        for attachment in unfinishedDetachments.withLock({ $0 }) {
            try await end(attachment)
            unfinishedDetachments.withLock { _ = $0.remove(attachment) }
        }
    }

    private func end(_ attachment: StreamAttachment) async throws {
        try await pool.write { transaction in
            try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(attachment.user))
            let gone = try transaction.run(
                "DELETE FROM stream_attachments WHERE user_id = $1 AND device_id = $2 AND epoch = $3", .id(attachment.user),
                .id(attachment.device), .int(attachment.epoch))
            if gone.changed == 1 { try Self.noteDueCallbacks(of: [attachment.user], &transaction) }
        }
    }

    public func lost(_ attachments: [StreamAttachment]) async throws -> [StreamAttachment: StreamBell.EndReason] {
        let found = try await pool.run(
            """
            SELECT asked.epoch, d.token IS NOT NULL, a.epoch FROM unnest($1, $2, $3) AS asked (user_id, device_id, epoch)
            LEFT JOIN devices d ON d.user_id = asked.user_id AND d.id = asked.device_id
            LEFT JOIN stream_attachments a ON a.user_id = asked.user_id AND a.device_id = asked.device_id
            """, .ids(attachments.map(\.user)), .ids(attachments.map(\.device)), .ints(attachments.map(\.epoch))
        ) { rows in rows.map { (asked: $0.int(0), isLoggedIn: $0.bool(1), held: $0.optionalInt(2)) } }
        let ends = found.compactMap { row -> (Int64, StreamBell.EndReason)? in
            guard row.isLoggedIn else { return (row.asked, .loggedOut) }
            guard row.held != row.asked else { return nil }
            return (row.asked, row.held == nil ? .closing : .replaced)
        }
        let reasons = Dictionary(uniqueKeysWithValues: ends)
        return Dictionary(
            uniqueKeysWithValues: attachments.compactMap { attachment in
                reasons[attachment.epoch].map { (attachment, $0) }
            })
    }

    public func sign(of devices: [DeviceID]) async throws {
        let due = try await pool.run(
            "SELECT user_id, device_id, node FROM callbacks_due WHERE device_id = ANY ($1)", .ids(devices)
        ) { rows in rows.map { ($0.id(0) as UserID, $0.id(1) as DeviceID, $0.optionalInt(2)) } }
        var hints: [HintDestination: Hints] = [:]
        for (user, device, node) in due {
            hints[node.map { .node(NodeID($0)) } ?? .anySender, default: Hints()].formUnion(
                Hints(news: [user], tryNow: [device]))
        }
        send(hints)
    }
}

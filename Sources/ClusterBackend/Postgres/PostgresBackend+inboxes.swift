import MessengerAPI
import MessengerCore

extension PostgresBackend: InboxStore {
    public var commitSpacing: Duration { pace.spacing }

    public func append(_ submissions: [Submission]) async throws -> AppendResult {
        let (limits, node) = (limits, node())
        return try await commitPool.write { transaction in
            let source = try PostgresAppendSource(submissions, limits: limits, &transaction)
            var plan = AppendPlan(source: source, limits: limits)
            let outcomes = try submissions.map { try plan.add($0) }
            guard !plan.messages.isEmpty else { return AppendResult(outcomes: outcomes, stored: []) }
            let receivers = Set(plan.messages.map(\.message.receiver))
            let audience = source.audience.filter { receivers.contains($0.user) }
            plan.write(&transaction, notesCallbacks: audience.contains { $0.isPushed && !$0.isNoted })
            return AppendResult(
                outcomes: outcomes, stored: plan.messages.map(\.message), hints: AppendAudience.hints(audience, except: node))
        }
    }

    public func remembered(
        _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp
    ) async throws -> SubmissionOutcome? {
        let limits = limits
        return try await pool.run(
            "SELECT fingerprint, receivers, created_at FROM idempotency_keys WHERE user_id = $1 AND key = $2", .id(sender),
            .text(key.text)
        ) { rows in
            rows.first.flatMap {
                UsedKey(fingerprint: $0.bytes(0), receivers: $0.size(1), at: Timestamp(milliseconds: $0.int(2)))
                    .outcome(for: fingerprint, at: now, limits: limits)
            }
        }
    }

    public func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage? {
        try await pages.submit(PageRequest(device: device, after: after, limit: limit, bytes: bytes))
    }

    /// Mostly one statement does it; what it left is decided one by one, under the locks.
    public func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        let raised = try await raise(acknowledgements)
        let rest = acknowledgements.filter { raised[$0.device] == nil }
        var decided = rest.isEmpty ? [] : try await decide(rest)[...]
        return acknowledgements.map { raised[$0.device].map { .cursor($0) } ?? decided.removeFirst() }
    }

    /// Raises the cursors of the devices with nothing else to say but that, and returns the new ones. May be run twice.
    private func raise(_ acknowledgements: [Acknowledgement]) async throws -> [DeviceID: MessageNumber] {
        let devices = Dictionary(grouping: acknowledgements, by: \.device).values
            .filter { device in device.allSatisfy { $0.generation == device[0].generation } }
            .sorted { $0[0].device < $1[0].device }
        let raised = try await commitPool.commit(
            PostgresStatement(
                """
                WITH asked AS (SELECT * FROM unnest($1, $2, $3, $4, $5) AS a (id, generation, through, seen, reached)),
                locked AS (SELECT d.user_id, d.id FROM asked a JOIN devices d USING (id) ORDER BY id FOR NO KEY UPDATE OF d)
                UPDATE devices d SET \(Self.raisedColumns)
                FROM locked l JOIN asked a ON a.id = l.id JOIN inboxes i ON i.user_id = l.user_id
                WHERE d.user_id = l.user_id AND d.id = l.id AND d.generation = a.generation
                    AND a.through > d.cursor AND a.through < i.next
                RETURNING d.id, d.user_id, d.cursor
                """, .ids(devices.map(\.[0].device)), .ints(devices.map(\.[0].generation)),
                .ids(devices.map { $0.lazy.map(\.through).max()! }),
                .ints(devices.map { $0.lazy.filter { !$0.byCallback }.map(\.now.rawValue).max() ?? 0 }),
                .bools(devices.map { $0.contains(where: \.byCallback) }))
        ) { rows in rows.map { (device: $0.id(0) as DeviceID, user: $0.id(1) as UserID, cursor: $0.id(2) as MessageNumber) } }
        acknowledgedUsers.withLock { $0.formUnion(raised.lazy.map(\.user)) }
        return Dictionary(uniqueKeysWithValues: raised.map { ($0.device, $0.cursor) })
    }

    /// Of a device `d`, by a row `a` of what was acknowledged.
    private static let raisedColumns = """
        cursor = a.through, acknowledged = greatest(acknowledged, a.through), last_seen = greatest(last_seen, a.seen),
            failing_since = CASE WHEN a.reached THEN NULL ELSE failing_since END,
            refused_number = CASE WHEN a.reached THEN NULL ELSE refused_number END,
            refused_since = CASE WHEN a.reached THEN NULL ELSE refused_since END
        """

    private func decide(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        let (outcomes, users) = try await commitPool.write { transaction in
            let rows = try transaction.run(
                """
                SELECT d.id, d.user_id, d.generation, i.next, d.cursor FROM devices d JOIN inboxes i ON i.user_id = d.user_id
                WHERE d.id = ANY ($1) ORDER BY d.id FOR NO KEY UPDATE OF d
                """, .ids(Set(acknowledgements.map(\.device))))
            let states: [DeviceID: DeviceState] = Dictionary(
                uniqueKeysWithValues: rows.map {
                    let head = ($0.id(3) as MessageNumber).previous
                    return ($0.id(0), DeviceState(user: $0.id(1), generation: $0.int(2), head: head, cursor: $0.id(4)))
                })
            var plan = AcknowledgementPlan()
            let outcomes = acknowledgements.map { plan.add($0) { states[$0] } }
            let changed = plan.changed
            if !changed.isEmpty {
                transaction.runLast(
                    """
                    UPDATE devices d SET \(Self.raisedColumns)
                    FROM unnest($1, $2, $3, $4, $5) AS a (user_id, id, through, seen, reached)
                    WHERE d.user_id = a.user_id AND d.id = a.id
                    """, .ids(changed.map(\.state.user)), .ids(changed.map(\.id)), .ids(changed.map(\.state.cursor)),
                    .ints(changed.map { $0.state.seen?.rawValue ?? 0 }), .bools(changed.map(\.state.isReached)))
            }
            return (outcomes, changed.map(\.state.user))
        }
        acknowledgedUsers.withLock { $0.formUnion(users) }
        return outcomes
    }

    public func heads(of users: [UserID]) async throws -> [UserID: MessageNumber] {
        try await pool.run("SELECT user_id, next FROM inboxes WHERE user_id = ANY ($1)", .ids(users)) { rows in
            Dictionary(uniqueKeysWithValues: rows.map { ($0.id(0), ($0.id(1) as MessageNumber).previous) })
        }
    }
}

extension AppendPlan<PostgresAppendSource> {
    /// Puts what was decided at the end of the transaction, in one flight with its commit.
    /// - Parameter notesCallbacks: whether a receiver's device has an address and no row among the callbacks due.
    fileprivate func write(_ transaction: inout PostgresTransaction, notesCallbacks: Bool) {
        if !dropped.isEmpty {
            transaction.runLast(
                """
                WITH gone AS (
                    DELETE FROM messages m USING unnest($1, $2) AS d (user_id, through)
                    WHERE m.user_id = d.user_id AND m.number <= d.through
                )
                UPDATE inboxes i SET dropped_through = d.through FROM unnest($1, $2) AS d (user_id, through)
                WHERE i.user_id = d.user_id
                """, .ids(dropped.map(\.key)), .ids(dropped.map(\.value)))
        }
        transaction.runLast(
            """
            INSERT INTO messages (user_id, number, sender_id, sender_username, send_date, accepted_at, body)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
            """, .ids(messages.map(\.message.receiver)), .ids(messages.map(\.message.number)),
            .ids(messages.map(\.message.sender)), .texts(messages.map(\.message.senderUsername)),
            .texts(messages.map(\.message.sendDate)), .ids(messages.map(\.acceptedAt)),
            .byteStrings(messages.map { Array($0.message.body.utf8) }))
        let changed = changed.sorted { $0.key < $1.key }
        transaction.runLast(
            """
            UPDATE inboxes i SET next = c.next, messages = c.messages, bytes = c.bytes, live_keys = c.live_keys
            FROM unnest($1, $2, $3, $4, $5) AS c (user_id, next, messages, bytes, live_keys) WHERE i.user_id = c.user_id
            """, .ids(changed.map(\.key)), .ids(changed.map(\.value.next)), .ints(changed.map { Int64($0.value.messages) }),
            .ints(changed.map { Int64($0.value.bytes) }), .ints(changed.map { Int64($0.value.liveKeys) }))
        if !keys.isEmpty {
            let keys = keys.sorted { ($0.key.user, $0.key.key.text) < ($1.key.user, $1.key.key.text) }
            transaction.runLast(
                """
                INSERT INTO idempotency_keys (user_id, key, fingerprint, receivers, created_at)
                SELECT * FROM unnest($1, $2, $3, $4, $5)
                ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, receivers = excluded.receivers,
                    created_at = excluded.created_at
                """, .ids(keys.map(\.key.user)), .texts(keys.map(\.key.key.text)), .byteStrings(keys.map(\.value.fingerprint)),
                .ints(keys.map { Int64($0.value.receivers) }), .ids(keys.map(\.value.at)))
        }
        guard notesCallbacks else { return }
        transaction.runLast(
            """
            INSERT INTO callbacks_due (user_id, device_id)
            SELECT d.user_id, d.id FROM devices d WHERE d.user_id = ANY ($1) AND d.pushes
                AND NOT EXISTS (SELECT 1 FROM stream_attachments a WHERE a.user_id = d.user_id AND a.device_id = d.id)
                AND NOT EXISTS (SELECT 1 FROM callbacks_due c WHERE c.user_id = d.user_id AND c.device_id = d.id)
            ON CONFLICT DO NOTHING
            """, .ids(Set(messages.map(\.message.receiver))))
    }
}

import MessengerAPI
import MessengerCore

/// Every process drops what its own devices have acknowledged; one at a time goes round all inboxes for the rest.
extension PostgresBackend {
    /// Inboxes looked at by one sweep on its way round.
    private static let inboxesPerSweep = 200
    /// Held by the process that goes round.
    static let roundLock: Int64 = 0x6D65_7373_7377_6570
    /// Ended sessions are kept for longer than any listener goes without reading them and still trusts its cache.
    private static let endedSessionsKept = "1 hour"

    public func sweep(_ sweep: Sweep) async throws -> SweepOutcome {
        let acknowledged = acknowledgedUsers.withLock { users in
            defer { users = [] }
            return users
        }
        let position = sweepPosition.withLock { $0 }
        var (outcome, users, next) = try await pool.write { transaction in
            let goesRound =
                try transaction.run("SELECT pg_try_advisory_xact_lock($1)", .int(Self.roundLock)).first?.bool(0) == true
            let round: [UserID] =
                goesRound
                ? try transaction.run(
                    "SELECT user_id FROM inboxes WHERE user_id > $1 ORDER BY user_id LIMIT $2", .id(position),
                    .int(Int64(Self.inboxesPerSweep))
                ).map { $0.id(0) } : []
            let users = acknowledged.union(round)
            var outcome = SweepOutcome()
            try Self.dropMessages(of: users, sweep, &transaction, &outcome)
            if goesRound { try Self.dropDoomed(sweep, &transaction, &outcome) }
            let next = round.count < Self.inboxesPerSweep ? UserID(0) : round.last!
            return (outcome, users, goesRound ? next : position)
        }
        sweepPosition.withLock { $0 = next }
        if outcome.hasMore { acknowledgedUsers.withLock { $0.formUnion(users) } }
        if sweep.expireBefore != nil { try await dropByAge(sweep, &outcome) }
        return outcome
    }

    private struct Drop {
        let user: UserID
        /// The last number that every device has, and the last that is expired.
        let acknowledged, expired: Int64
    }

    /// Inboxes that somebody works on are left for the next time.
    private static func dropMessages(
        of users: Set<UserID>, _ sweep: Sweep, _ transaction: inout PostgresTransaction, _ outcome: inout SweepOutcome
    ) throws {
        let candidates = try drops(of: users, sweep, &transaction).map(\.user)
        guard !candidates.isEmpty else { return }
        let locked: [UserID] = try transaction.run(
            "SELECT user_id FROM inboxes WHERE user_id = ANY ($1) ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED",
            .ids(candidates)
        ).map { $0.id(0) }
        // Only what is read after the lock shows the messages that came meanwhile.
        let drops = try drops(of: locked, sweep, &transaction)
        guard !drops.isEmpty else { return }
        let dropped = try transaction.run(
            Self.drop, .ids(drops.map(\.user)), .ints(drops.map { max($0.acknowledged, $0.expired) }), .int(Int64(sweep.limit)))
        let counts = Dictionary(uniqueKeysWithValues: dropped.map { ($0.id(0) as UserID, $0.size(1)) })
        for drop in drops {
            let count = counts[drop.user] ?? 0
            if drop.acknowledged >= drop.expired { outcome.acknowledged += count } else { outcome.expired += count }
        }
        outcome.hasMore = counts.values.reduce(0, +) == sweep.limit
    }

    private static func drops(
        of users: some Collection<UserID>, _ sweep: Sweep, _ transaction: inout PostgresTransaction
    ) throws -> [Drop] {
        guard !users.isEmpty else { return [] }
        return try transaction.run(droppable, .ids(users), sweep.expireBefore.map { .id($0) } ?? .null(of: .int)).map {
            Drop(user: $0.id(0), acknowledged: $0.int(1), expired: $0.int(2))
        }
    }

    /// Up to which number each inbox may be emptied: because every device has it, because it is expired. The log is in order
    /// of acceptance, so what is expired is its beginning.
    private static let droppable = """
        SELECT * FROM (
            SELECT i.user_id, coalesce((SELECT min(cursor) FROM devices d WHERE d.user_id = i.user_id), 0) AS acknowledged,
                CASE WHEN $2 IS NULL THEN 0 ELSE coalesce((
                    SELECT number - 1 FROM messages m
                    WHERE m.user_id = i.user_id AND m.number > i.dropped_through AND m.accepted_at >= $2 ORDER BY number LIMIT 1
                ), i.next - 1) END AS expired, i.dropped_through
            FROM inboxes i WHERE i.user_id = ANY ($1) AND i.messages > 0
        ) AS inbox WHERE greatest(acknowledged, expired) > dropped_through ORDER BY user_id
        """

    private static let drop = """
        WITH gone AS (
            DELETE FROM messages m USING (
                SELECT oldest.user_id, oldest.number FROM unnest($1, $2) AS d (user_id, through)
                JOIN inboxes i ON i.user_id = d.user_id
                JOIN LATERAL (
                    SELECT user_id, number FROM messages
                    WHERE user_id = d.user_id AND number > i.dropped_through AND number <= d.through ORDER BY number LIMIT $3
                ) AS oldest ON true LIMIT $3
            ) AS doomed
            WHERE m.user_id = doomed.user_id AND m.number = doomed.number
            RETURNING m.user_id, m.number, octet_length(m.body) AS size
        )
        UPDATE inboxes i SET messages = messages - sums.count, bytes = bytes - sums.size, dropped_through = sums.last
        FROM (SELECT user_id, count(*) AS count, sum(size) AS size, max(number) AS last FROM gone GROUP BY user_id) AS sums
        WHERE i.user_id = sums.user_id RETURNING i.user_id, sums.count
        """

    /// What deleted users left.
    private static func dropDoomed(
        _ sweep: Sweep, _ transaction: inout PostgresTransaction, _ outcome: inout SweepOutcome
    ) throws {
        for user in try transaction.run("SELECT user_id FROM doomed_inboxes LIMIT 10").map({ $0.id(0) as UserID }) {
            let counts = try [("messages", "number"), ("idempotency_keys", "key")].map { table, name in
                try transaction.run(
                    """
                    DELETE FROM \(table) WHERE user_id = $1 AND \(name) IN (
                        SELECT \(name) FROM \(table) WHERE user_id = $1 ORDER BY \(name) LIMIT $2)
                    """, .id(user), .int(Int64(sweep.limit))
                ).changed
            }
            if counts.contains(sweep.limit) {
                outcome.hasMore = true
            } else {
                try transaction.run("DELETE FROM doomed_inboxes WHERE user_id = $1", .id(user))
            }
        }
    }

    /// Old keys, devices that failed for too long, ended sessions that everyone knows of.
    private func dropByAge(_ sweep: Sweep, _ outcome: inout SweepOutcome) async throws {
        let limits = limits
        let (keys, abandoned) = try await pool.write { transaction in
            guard try transaction.run("SELECT pg_try_advisory_xact_lock($1)", .int(Self.roundLock)).first?.bool(0) == true else {
                return (0, [] as [DeviceID])
            }
            let keys = try Self.dropKeys(before: sweep.now - limits.keyLifetime, sweep, &transaction)
            let abandoned =
                sweep.endsDevices ? try Self.dropAbandoned(before: sweep.now - limits.callbackPatience, &transaction) : []
            transaction.runLast("DELETE FROM ended_sessions WHERE ended_at < now() - interval '\(Self.endedSessionsKept)'")
            return (keys, abandoned)
        }
        outcome.keys = keys
        let leavesPublications = try await dropOldPublications(sweep)
        let leavesBlobs = try await dropOldBlobs(before: sweep.now)
        outcome.hasMore = outcome.hasMore || keys == sweep.limit || leavesPublications || leavesBlobs
        outcome.abandonedDevices = abandoned
    }

    private static func dropKeys(
        before: Timestamp, _ sweep: Sweep, _ transaction: inout PostgresTransaction
    ) throws -> Int {
        let old = try transaction.run(
            "SELECT DISTINCT user_id FROM (SELECT user_id FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2) AS old",
            .id(before), .int(Int64(sweep.limit))
        ).map { $0.id(0) as UserID }
        guard !old.isEmpty else { return 0 }
        let users = try transaction.run(
            "SELECT user_id FROM inboxes WHERE user_id = ANY ($1) ORDER BY user_id FOR NO KEY UPDATE", .ids(old)
        ).map { $0.id(0) as UserID }
        return try transaction.run(
            """
            WITH gone AS (
                DELETE FROM idempotency_keys k USING (
                    SELECT user_id, key FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2
                ) AS old
                WHERE k.user_id = old.user_id AND k.key = old.key AND k.user_id = ANY ($3) RETURNING k.user_id
            ), counted AS (
                UPDATE inboxes i SET live_keys = live_keys - sums.count
                FROM (SELECT user_id, count(*) AS count FROM gone GROUP BY user_id) AS sums WHERE i.user_id = sums.user_id
            )
            SELECT count(*) FROM gone
            """, .id(before), .int(Int64(sweep.limit)), .ids(users)
        ).first?.size(0) ?? 0
    }

    private static func dropAbandoned(before: Timestamp, _ transaction: inout PostgresTransaction) throws -> [DeviceID] {
        let found = try transaction.run(
            "SELECT DISTINCT user_id FROM devices d WHERE \(isAbandoned) ORDER BY user_id LIMIT 100", .id(before)
        ).map { $0.id(0) as UserID }
        guard !found.isEmpty else { return [] }
        try transaction.run("SELECT 1 FROM inboxes WHERE user_id = ANY ($1) ORDER BY user_id FOR NO KEY UPDATE", .ids(found))
        // They may have come back meanwhile.
        let abandoned = try transaction.run(
            "SELECT user_id, id FROM devices d WHERE \(isAbandoned) AND user_id = ANY ($2) ORDER BY id FOR UPDATE", .id(before),
            .ids(found)
        ).map { (user: $0.id(0) as UserID, device: $0.id(1) as DeviceID) }
        for (user, devices) in Dictionary(grouping: abandoned, by: \.user) {
            try remove(devices.map(\.device), of: user, &transaction)
        }
        return abandoned.map(\.device)
    }

    private static let isAbandoned = "failing_since IS NOT NULL AND failing_since <= $1 AND last_seen <= $1 AND pushes"
}

import GRDB
import MessengerAPI
import MessengerCore

extension SQLiteBackend {
    /// Inboxes looked at by one sweep on its way round all of them.
    private static let inboxesPerSweep = 200

    public func sweep(_ sweep: Sweep) async throws -> SweepOutcome {
        let acknowledged = acknowledgedUsers.withLock { users in
            defer { users = [] }
            return users
        }
        let position = sweepPosition.withLock { $0 }
        let limits = limits
        let plan = try await read { db in
            try SweepPlan(db, sweep, limits: limits, acknowledged: acknowledged, after: position)
        }
        sweepPosition.withLock { $0 = plan.position }
        guard !plan.isEmpty else { return SweepOutcome() }
        let outcome = try await write { db in try plan.carryOut(db, sweep, limits: limits) }
        // A full batch may have left some of them with more to drop.
        if outcome.hasMore { acknowledgedUsers.withLock { $0.formUnion(plan.users) } }
        return outcome
    }

    /// What a sweep will drop, found without holding up the writer.
    private struct SweepPlan: Sendable {
        struct Drop: Sendable {
            let user: Int64
            let expiredThrough: Int64
            let acknowledgedThrough: Int64
        }

        private(set) var drops: [Drop] = []
        private var doomed: [Int64] = []
        private var hasOldKeys = false
        private var hasAbandoned = false
        private var hasOldPublications = false
        private var hasOldBlobs = false
        let position: Int64
        var users: [Int64] { drops.map(\.user) }
        var isEmpty: Bool {
            drops.isEmpty && doomed.isEmpty && !hasOldKeys && !hasAbandoned && !hasOldPublications && !hasOldBlobs
        }

        init(_ db: Database, _ sweep: Sweep, limits: InboxLimits, acknowledged: Set<Int64>, after start: Int64) throws {
            let round = try Int64.fetchAll(
                db, sql: "SELECT user_id FROM inboxes WHERE user_id > ? ORDER BY user_id LIMIT ?",
                arguments: [start, inboxesPerSweep])
            position = round.count < inboxesPerSweep ? 0 : round.last!
            for user in acknowledged.union(round) {
                if let drop = try Self.drop(db, user, sweep) { drops.append(drop) }
            }
            doomed = try Int64.fetchAll(db, sql: "SELECT user_id FROM doomed_inboxes LIMIT 10")
            guard sweep.expireBefore != nil else { return }
            let oldestKey = try Int64.fetchOne(db, sql: "SELECT created_at FROM idempotency_keys ORDER BY id LIMIT 1")
            hasOldKeys = oldestKey.map { $0 <= (sweep.now - limits.keyLifetime).rawValue } ?? false
            hasOldPublications = try SQLiteKeySweep(sweep, limits: limits.keys).hasWork(db)
            hasOldBlobs = try SQLiteBlobSweep(now: sweep.now).hasWork(db)
            hasAbandoned = try sweep.endsDevices && !Self.abandoned(db, before: sweep.now - limits.callbackPatience).isEmpty
        }

        private static func drop(_ db: Database, _ user: Int64, _ sweep: Sweep) throws -> Drop? {
            let first = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT min(number) FROM messages WHERE user_id = ?"), arguments: [user])
            guard let first else { return nil }
            let acknowledged = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT min(cursor) FROM devices WHERE user_id = ?"), arguments: [user])
            var expired: Int64 = 0
            if let before = sweep.expireBefore {
                // The log is in order of acceptance, so what is expired is its beginning.
                let firstLive = try Int64.fetchOne(
                    db.cachedStatement(
                        sql: "SELECT number FROM messages WHERE user_id = ? AND accepted_at >= ? ORDER BY number LIMIT 1"),
                    arguments: [user, before.rawValue])
                expired = (firstLive ?? .max) - 1
            }
            guard max(expired, acknowledged ?? 0) >= first else { return nil }
            return Drop(user: user, expiredThrough: expired, acknowledgedThrough: acknowledged ?? 0)
        }

        func carryOut(_ db: Database, _ sweep: Sweep, limits: InboxLimits) throws -> SweepOutcome {
            var outcome = SweepOutcome()
            for drop in drops {
                // Cursors only rise and messages only age, so the plan still holds.
                let through = max(drop.expiredThrough, drop.acknowledgedThrough)
                let dropped = try Self.dropMessages(db, of: drop.user, through: through, limit: sweep.limit)
                if drop.acknowledgedThrough >= through { outcome.acknowledged += dropped } else { outcome.expired += dropped }
                outcome.hasMore = outcome.hasMore || dropped == sweep.limit
            }
            for user in doomed { try Self.dropDoomed(db, user, sweep, &outcome) }
            if hasOldKeys {
                outcome.keys = try Self.dropKeys(db, before: sweep.now - limits.keyLifetime, limit: sweep.limit)
                outcome.hasMore = outcome.hasMore || outcome.keys == sweep.limit
            }
            if hasOldPublications, try SQLiteKeySweep(sweep, limits: limits.keys).carryOut(db) { outcome.hasMore = true }
            if hasOldBlobs, try SQLiteBlobSweep(now: sweep.now).carryOut(db) { outcome.hasMore = true }
            if hasAbandoned {
                let devices = try Self.abandoned(db, before: sweep.now - limits.callbackPatience)
                for device in devices { try db.execute(sql: "DELETE FROM devices WHERE id = ?", arguments: [device]) }
                outcome.abandonedDevices = devices.map { DeviceID($0) }
            }
            return outcome
        }

        private static func dropMessages(_ db: Database, of user: Int64, through: Int64, limit: Int) throws -> Int {
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT number, length(body) AS size FROM messages WHERE user_id = ? AND number <= ?
                        ORDER BY number LIMIT ?
                        """), arguments: [user, through, limit])
            guard let last = rows.last else { return 0 }
            try db.execute(
                cachedSQL: "DELETE FROM messages WHERE user_id = ? AND number <= ?",
                arguments: [user, last["number"] as Int64])
            try db.execute(
                cachedSQL: "UPDATE inboxes SET messages = messages - ?, bytes = bytes - ? WHERE user_id = ?",
                arguments: [rows.count, rows.reduce(0) { $0 + ($1["size"] as Int) }, user])
            return rows.count
        }

        private static func dropDoomed(_ db: Database, _ user: Int64, _ sweep: Sweep, _ outcome: inout SweepOutcome) throws {
            let dropped = try dropMessages(db, of: user, through: .max, limit: sweep.limit)
            try db.execute(
                sql: """
                    DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE user_id = ? LIMIT ?)
                    """, arguments: [user, sweep.limit])
            if dropped == sweep.limit || db.changesCount == sweep.limit {
                outcome.hasMore = true
            } else {
                try db.execute(sql: "DELETE FROM doomed_inboxes WHERE user_id = ?", arguments: [user])
            }
        }

        private static func dropKeys(_ db: Database, before: Timestamp, limit: Int) throws -> Int {
            let rows = try Row.fetchAll(
                db, sql: "SELECT id, user_id, created_at FROM idempotency_keys ORDER BY id LIMIT ?", arguments: [limit]
            ).prefix { ($0["created_at"] as Int64) <= before.rawValue }
            guard let last = rows.last else { return 0 }
            try db.execute(sql: "DELETE FROM idempotency_keys WHERE id <= ?", arguments: [last["id"] as Int64])
            for (user, count) in Dictionary(grouping: rows, by: { $0["user_id"] as Int64 }).mapValues(\.count) {
                try db.execute(
                    cachedSQL: "UPDATE inboxes SET live_keys = live_keys - ? WHERE user_id = ?", arguments: [count, user])
            }
            return rows.count
        }

        private static func abandoned(_ db: Database, before: Timestamp) throws -> [Int64] {
            try Int64.fetchAll(
                db, sql: "SELECT id FROM devices WHERE failing_since <= ?1 AND last_seen <= ?1 AND pushes = 1",
                arguments: [before.rawValue])
        }
    }
}

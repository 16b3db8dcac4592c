import GRDB
import MessengerCore

/// What of keys and log has had its time.
struct SQLiteKeySweep {
    private let now: Int64
    private let forgetBefore: Int64
    private let limit: Int

    init(_ sweep: Sweep, limits: KeyLimits) {
        now = sweep.now.rawValue
        forgetBefore = (sweep.now - limits.claimMemory).rawValue
        limit = sweep.limit
    }

    /// Found without holding up the writer.
    func hasWork(_ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM one_time_keys WHERE expires_at <= ?1)
                    OR EXISTS (SELECT 1 FROM one_time_keys WHERE claimer_id IS NOT NULL AND claimed_at <= ?2)
                    OR EXISTS (SELECT 1 FROM claim_allowances WHERE free_at <= ?1)
                    OR EXISTS (SELECT 1 FROM link_notes WHERE expires_at <= ?1)
                    OR EXISTS (SELECT 1 FROM log_entries WHERE erase_at <= ?1)
                """, arguments: [now, forgetBefore]) ?? false
    }

    /// Whether there may be more to do.
    func carryOut(_ db: Database) throws -> Bool {
        var isFull = false
        func run(_ sql: String, _ time: Int64) throws {
            try db.execute(sql: sql, arguments: [time, limit])
            isFull = isFull || db.changesCount == limit
        }
        try run(
            """
            DELETE FROM one_time_keys WHERE rowid IN (SELECT rowid FROM one_time_keys WHERE expires_at <= ? LIMIT ?)
            """, now)
        // That the key was handed out is kept until it expires; to whom, and the key, is not.
        try run(
            """
            UPDATE one_time_keys SET record = NULL, claimer_id = NULL, request = NULL WHERE rowid IN (
                SELECT rowid FROM one_time_keys WHERE claimer_id IS NOT NULL AND claimed_at <= ? LIMIT ?)
            """, forgetBefore)
        try run(
            """
            DELETE FROM claim_allowances WHERE (claimer_id, user_id) IN (
                SELECT claimer_id, user_id FROM claim_allowances WHERE free_at <= ? LIMIT ?)
            """, now)
        try run(
            "DELETE FROM link_notes WHERE (user_id, id) IN (SELECT user_id, id FROM link_notes WHERE expires_at <= ? LIMIT ?)",
            now)
        try run(
            """
            UPDATE log_entries SET salt = NULL, record = NULL, erase_at = NULL WHERE place IN (
                SELECT place FROM log_entries WHERE erase_at <= ? LIMIT ?)
            """, now)
        return isFull
    }
}

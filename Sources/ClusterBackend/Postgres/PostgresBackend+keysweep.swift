import MessengerCore

/// What of keys and log has had its time.
extension PostgresBackend {
    /// Whether there may be more to do. One process at a time does it.
    func dropOldPublications(_ sweep: Sweep) async throws -> Bool {
        let limit = PostgresValue.int(Int64(sweep.limit))
        let (now, forgetBefore) = (PostgresValue.id(sweep.now), PostgresValue.id(sweep.now - limits.keys.claimMemory))
        return try await pool.write { transaction in
            guard try transaction.run("SELECT pg_try_advisory_xact_lock($1)", .int(Self.roundLock)).first?.bool(0) == true else {
                return false
            }
            let rows = try transaction.run([
                PostgresStatement(Self.dropExpired("one_time_keys", by: "expires_at"), now, limit),
                PostgresStatement(Self.forgetClaims, forgetBefore, limit),
                PostgresStatement(Self.dropExpired("claim_allowances", by: "free_at"), now, limit),
                PostgresStatement(Self.dropExpired("link_notes", by: "expires_at"), now, limit),
                PostgresStatement(Self.eraseRecords, now, limit),
            ])
            return rows.contains { $0.changed == sweep.limit }
        }
    }

    /// Rows that somebody works on are left for the next time.
    private static func dropExpired(_ table: String, by column: String) -> String {
        """
        DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM \(table) WHERE \(column) <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
        """
    }

    /// That a key was handed out is kept until it expires; to whom, and the key, is not.
    private static let forgetClaims = """
        UPDATE one_time_keys SET record = NULL, claimer_id = NULL, request = NULL WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM one_time_keys WHERE claimer_id IS NOT NULL AND claimed_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
        """

    private static let eraseRecords = """
        UPDATE log_entries SET salt = NULL, record = NULL, erase_at = NULL WHERE place = ANY (ARRAY(
            SELECT place FROM log_entries WHERE erase_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
        """
}

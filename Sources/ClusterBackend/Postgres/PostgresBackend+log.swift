import KeyLog
import MessengerCore

extension PostgresBackend: KeyLogStore {
    public func openLog(now: Timestamp) async throws -> LogIdentity {
        try await pool.write { try PostgresLog.open(now: now, &$0) }
    }

    public func logIdentity() async throws -> LogIdentity? {
        guard try await checkpoint() != nil else { return nil }
        return try await pool.run(PostgresLog.storedSecrets) { try PostgresLog.secrets(from: $0).identity }
    }

    public func rotateLogKey(now: Timestamp) async throws -> LogIdentity {
        try await pool.write { try PostgresLog.rotateKey(now: now, &$0) }
    }

    public func checkpoint() async throws -> [UInt8]? {
        try await pool.run("SELECT checkpoint FROM log_head") { $0.first?.bytes(0) }
    }

    public func refreshCheckpoint(olderThan age: Duration, now: Timestamp) async throws {
        try await pool.write { transaction in
            // Looked at again under the lock: of several processes one does it.
            let head = try transaction.run(
                "SELECT checkpoint FROM log_head WHERE cosigned_at <= $1 OR cosigned_at > $2 FOR UPDATE", .id(now - age),
                .id(now))
            guard let checkpoint = head.first?.bytes(0) else { return }
            let fresh = try PostgresLog.secrets(&transaction).refresh(checkpoint, now: now)
            transaction.runLast("UPDATE log_head SET checkpoint = $1, cosigned_at = $2", .bytes(fresh), .id(now))
        }
    }

    public func tile(_ tile: Tile) async throws -> [UInt8]? {
        guard let index = Int64(exactly: tile.index) else { return nil }
        let size = tile.width * TreeHash.byteCount
        return try await pool.run(
            "SELECT hashes FROM log_tiles WHERE level = $1 AND number = $2", .int(Int64(tile.level)), .int(index)
        ) { rows in
            rows.first.map { $0.bytes(0) }.flatMap { $0.count >= size ? Array($0.prefix(size)) : nil }
        }
    }

    public func records(tile index: UInt64, count: Int) async throws -> [ServedRecord]? {
        guard let first = Int64(exactly: index).flatMap({ LogPlan.firstPlace(ofTile: $0) }) else { return nil }
        return try await pool.run(
            "SELECT entry, salt, record, tombstone FROM log_entries WHERE place >= $1 ORDER BY place LIMIT $2", .int(first),
            .int(Int64(count))
        ) { rows in
            guard rows.count == count else { return nil }
            return try rows.map { row in
                try LogPlan.served(
                    entry: row.bytes(0), salt: row.optionalBytes(1), record: row.optionalBytes(2),
                    tombstone: row.optionalInt(3))
            }
        }
    }
}

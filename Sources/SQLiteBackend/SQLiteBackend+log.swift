import Foundation
import GRDB
import KeyLog
import MessengerCore

extension SQLiteBackend: KeyLogStore {
    public func openLog(now: Timestamp) async throws -> LogIdentity { try await write { try SQLiteLog($0).open(now: now) } }

    public func logIdentity() async throws -> LogIdentity? {
        try await read { db in
            try Int.fetchOne(db, sql: "SELECT 1 FROM log_head").map { _ in try SQLiteLog(db).storedSecrets().identity }
        }
    }

    public func rotateLogKey(now: Timestamp) async throws -> LogIdentity {
        try await write { try SQLiteLog($0).rotateKey(now: now) }
    }

    public func checkpoint() async throws -> [UInt8]? {
        try await read { db in try Data.fetchOne(db, sql: "SELECT checkpoint FROM log_head").map { Array($0) } }
    }

    public func refreshCheckpoint(olderThan age: Duration, now: Timestamp) async throws {
        try await write { db in
            let checkpoint = try Data.fetchOne(
                db, sql: "SELECT checkpoint FROM log_head WHERE cosigned_at <= ? OR cosigned_at > ?",
                arguments: [(now - age).rawValue, now.rawValue])
            guard let checkpoint else { return }
            let fresh = try SQLiteLog(db).secrets().refresh(Array(checkpoint), now: now)
            try db.execute(
                sql: "UPDATE log_head SET checkpoint = ?, cosigned_at = ?", arguments: [Data(fresh), now.rawValue])
        }
    }

    public func tile(_ tile: Tile) async throws -> [UInt8]? {
        let size = tile.width * TreeHash.byteCount
        return try await read { db in
            let hashes = try SQLiteLog(db).hashes(LogPlan.TilePlace(level: tile.level, index: tile.index))
            return hashes.flatMap { $0.count >= size ? Array($0.prefix(size)) : nil }
        }
    }

    public func records(tile index: UInt64, count: Int) async throws -> [ServedRecord]? {
        guard let first = Int64(exactly: index).flatMap({ LogPlan.firstPlace(ofTile: $0) }) else { return nil }
        return try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT entry, salt, record, tombstone FROM log_entries WHERE place >= ? ORDER BY place LIMIT ?",
                arguments: [first, count])
            guard rows.count == count else { return nil }
            return try rows.map { row in
                try LogPlan.served(
                    entry: Array(row["entry"] as Data), salt: (row["salt"] as Data?).map { Array($0) },
                    record: (row["record"] as Data?).map { Array($0) }, tombstone: row["tombstone"])
            }
        }
    }
}

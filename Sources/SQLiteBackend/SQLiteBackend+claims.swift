import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCore

/// Claims of keys.
extension SQLiteBackend {
    public func claim(_ claim: KeyClaim) async throws -> ClaimedKeys? {
        let limits = limits.keys
        return try await write { db in
            let version = try Int64.fetchOne(
                db,
                sql: """
                    SELECT i.keys_version FROM inboxes i JOIN key_accounts a ON a.user_id = i.user_id WHERE i.user_id = ?
                    """, arguments: [claim.target.rawValue])
            guard let version else { return nil }
            let devices = try Row.fetchAll(
                db, sql: "SELECT device, rotating FROM key_devices WHERE user_id = ?", arguments: [claim.target.rawValue])
            var rotating: [DeviceFingerprint: [UInt8]] = [:]
            for row in devices {
                rotating[DeviceFingerprint(unchecked: Array(row["device"] as Data))] = (row["rotating"] as Data?).map {
                    Array($0)
                }
            }
            let wanted = devices.map { DeviceFingerprint(unchecked: Array($0["device"] as Data)) }.filter(claim.wants)
            var oneTime = try Self.claimed(db, claim)
            if oneTime.isEmpty { oneTime = try Self.take(db, claim, of: wanted, limits: limits) }
            return claim.answer(KeysVersion(version), oneTime: oneTime, rotating: rotating)
        }
    }

    /// What the same claim got before.
    private static func claimed(_ db: Database, _ claim: KeyClaim) throws -> [DeviceFingerprint: [UInt8]] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT device, record FROM one_time_keys
                WHERE claimer_id = ? AND request = ? AND user_id = ? AND record IS NOT NULL
                """, arguments: [claim.claimer.rawValue, claim.request.text, claim.target.rawValue])
        return Dictionary(
            uniqueKeysWithValues: rows.map {
                (DeviceFingerprint(unchecked: Array($0["device"] as Data)), Array($0["record"] as Data))
            })
    }

    /// Hands out the oldest one-time key of each device, as far as the claimer's allowance goes.
    private static func take(
        _ db: Database, _ claim: KeyClaim, of devices: [DeviceFingerprint], limits: KeyLimits
    ) throws -> [DeviceFingerprint: [UInt8]] {
        let freeAt = try Int64.fetchOne(
            db, sql: "SELECT free_at FROM claim_allowances WHERE claimer_id = ? AND user_id = ?",
            arguments: [claim.claimer.rawValue, claim.target.rawValue])
        let outcome = limits.claims.take(freeAt: freeAt.map { Timestamp(milliseconds: $0) }, now: claim.now)
        guard case .taken(let freeAt) = outcome else { return [:] }
        var taken: [DeviceFingerprint: [UInt8]] = [:]
        for device in devices {
            let record = try Data.fetchOne(
                db,
                sql: """
                    UPDATE one_time_keys SET claimer_id = ?1, request = ?2, claimed_at = ?3
                    WHERE user_id = ?4 AND device = ?5 AND id = (
                        SELECT id FROM one_time_keys
                        WHERE user_id = ?4 AND device = ?5 AND claimed_at IS NULL AND expires_at > ?3 ORDER BY position LIMIT 1
                    ) RETURNING record
                    """,
                arguments: [
                    claim.claimer.rawValue, claim.request.text, claim.now.rawValue, claim.target.rawValue, Data(device.bytes),
                ])
            taken[device] = record.map { Array($0) }
        }
        if !taken.isEmpty {
            try db.execute(
                sql: "INSERT OR REPLACE INTO claim_allowances (claimer_id, user_id, free_at) VALUES (?, ?, ?)",
                arguments: [claim.claimer.rawValue, claim.target.rawValue, freeAt.rawValue])
        }
        return taken
    }
}

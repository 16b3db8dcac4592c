import KeyLog
import MessengerAPI
import MessengerCore

/// Claims of keys. Those of one target come one after another: each has the lock of its account.
extension PostgresBackend {
    public func claim(_ claim: KeyClaim) async throws -> ClaimedKeys? {
        let limits = limits.keys
        return try await pool.write { transaction in
            let account = try transaction.run("SELECT 1 FROM key_accounts WHERE user_id = $1 FOR UPDATE", .id(claim.target))
            guard !account.isEmpty else { return nil }
            // The version first: keys that are newer than it are found when they are used, older ones would not be.
            let inbox = try transaction.run("SELECT keys_version FROM inboxes WHERE user_id = $1", .id(claim.target))
            guard let version: KeysVersion = inbox.first?.id(0) else { return nil }
            let devices = try transaction.run("SELECT device, rotating FROM key_devices WHERE user_id = $1", .id(claim.target))
                .map { (DeviceFingerprint(unchecked: $0.bytes(0)), $0.optionalBytes(1)) }
            var oneTime = try Self.claimed(claim, &transaction)
            if oneTime.isEmpty {
                oneTime = try Self.take(claim, of: devices.map(\.0).filter(claim.wants), limits: limits, &transaction)
            }
            let rotating = devices.compactMap { device, record in record.map { (device, $0) } }
            return claim.answer(version, oneTime: oneTime, rotating: Dictionary(uniqueKeysWithValues: rotating))
        }
    }

    /// What the same claim got before.
    private static func claimed(
        _ claim: KeyClaim, _ transaction: inout PostgresTransaction
    ) throws -> [DeviceFingerprint: [UInt8]] {
        records(
            try transaction.run(
                """
                SELECT device, record FROM one_time_keys
                WHERE claimer_id = $1 AND request = $2 AND user_id = $3 AND record IS NOT NULL
                """, .id(claim.claimer), .text(claim.request.text), .id(claim.target)))
    }

    /// Hands out the oldest one-time key of each device, as far as the claimer's allowance goes.
    private static func take(
        _ claim: KeyClaim, of devices: [DeviceFingerprint], limits: KeyLimits, _ transaction: inout PostgresTransaction
    ) throws -> [DeviceFingerprint: [UInt8]] {
        let freeAt: Timestamp? = try transaction.run(
            "SELECT free_at FROM claim_allowances WHERE claimer_id = $1 AND user_id = $2", .id(claim.claimer), .id(claim.target)
        ).first?.id(0)
        guard case .taken(let freeAt) = limits.claims.take(freeAt: freeAt, now: claim.now) else { return [:] }
        let taken = records(
            try transaction.run(
                """
                UPDATE one_time_keys o SET claimer_id = $1, request = $2, claimed_at = $3
                FROM (
                    SELECT DISTINCT ON (device) device, id FROM one_time_keys
                    WHERE user_id = $4 AND device = ANY ($5) AND claimed_at IS NULL AND expires_at > $3
                    ORDER BY device, position
                ) AS next
                WHERE o.user_id = $4 AND o.device = next.device AND o.id = next.id RETURNING o.device, o.record
                """, .id(claim.claimer), .text(claim.request.text), .id(claim.now), .id(claim.target),
                .byteStrings(devices.map(\.bytes))))
        if !taken.isEmpty {
            transaction.runLast(
                """
                INSERT INTO claim_allowances (claimer_id, user_id, free_at) VALUES ($1, $2, $3)
                ON CONFLICT (claimer_id, user_id) DO UPDATE SET free_at = excluded.free_at
                """, .id(claim.claimer), .id(claim.target), .id(freeAt))
        }
        return taken
    }

    private static func records(_ rows: PostgresRows) -> [DeviceFingerprint: [UInt8]] {
        Dictionary(uniqueKeysWithValues: rows.map { (DeviceFingerprint(unchecked: $0.bytes(0)), $0.bytes(1)) })
    }
}

import KeyLog
import MessengerAPI
import MessengerCore

/// Account states.
extension PostgresBackend {
    public func publish(_ state: StatePublication) async throws -> StatePublished {
        let limits = limits.keys
        return try await pool.write { transaction in
            let inbox = try transaction.run(
                "SELECT keys_version FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(state.user))
            guard let version: KeysVersion = inbox.first?.id(0) else { throw KeyError.noKeys }
            let seq = state.state.object.seq
            switch try state.decide(on: try Self.publishedAccount(of: state.user, &transaction), limits: limits) {
            case .repeated(let place): return StatePublished(seq: seq, keysVersion: version, logSize: place + 1)
            case .write(let change):
                let loggedOut = try Self.write(change, of: state, limits: limits, &transaction)
                let place = try PostgresLog.append(state, &transaction)
                transaction.runLast(
                    "INSERT INTO key_states (user_id, seq, place, state) VALUES ($1, $2, $3, $4)", .id(state.user),
                    .int(Int64(seq)), .int(Int64(place)), .bytes(state.state.bytes))
                return StatePublished(seq: seq, keysVersion: version.next, logSize: place + 1, loggedOut: loggedOut)
            }
        }
    }

    private static func publishedAccount(
        of user: UserID, _ transaction: inout PostgresTransaction
    ) throws -> PublishedAccount? {
        let rows = try transaction.run([
            PostgresStatement(
                """
                SELECT a.states_free_at, s.place, s.state FROM key_accounts a JOIN key_states s ON s.user_id = a.user_id
                WHERE a.user_id = $1 ORDER BY s.seq DESC LIMIT 1
                """, .id(user)),
            PostgresStatement("SELECT certificate FROM key_certificates WHERE user_id = $1", .id(user)),
        ])
        guard let row = rows[0].first, let state = Signed<AccountState>(row.bytes(2)) else { return nil }
        return PublishedAccount(
            newest: state.object, place: UInt64(row.int(1)),
            certificates: rows[1].map { Signed<DeviceCertificate>($0.bytes(0)) }.compactMap { $0 },
            statesFreeAt: row.id(0))
    }

    /// Everything but the state itself; the logins that have ended.
    private static func write(
        _ change: StateChange, of state: StatePublication, limits: KeyLimits, _ transaction: inout PostgresTransaction
    ) throws -> [DeviceID] {
        let user = state.user
        let removed = try transaction.run("SELECT device, owner FROM key_devices WHERE user_id = $1", .id(user))
            .map { (device: DeviceFingerprint(unchecked: $0.bytes(0)), owner: $0.optionalInt(1)) }
            .filter { change.replaced != nil || change.devices[$0.device] == nil }
        let loggedOut = try logOut(removed.compactMap(\.owner).map { DeviceID($0) }, of: user, &transaction)
        try transaction.run("UPDATE inboxes SET keys_version = keys_version + 1 WHERE user_id = $1", .id(user))
        try transaction.run(
            """
            INSERT INTO key_accounts (user_id, states_free_at) VALUES ($1, $2)
            ON CONFLICT (user_id) DO UPDATE SET states_free_at = excluded.states_free_at
            """, .id(user), .id(change.statesFreeAt))
        for table in ["key_devices", "one_time_keys"] where !removed.isEmpty {
            try transaction.run(
                "DELETE FROM \(table) WHERE user_id = $1 AND device = ANY ($2)", .id(user),
                .byteStrings(removed.map(\.device.bytes)))
        }
        if change.replaced != nil {
            try PostgresLog.bury(user, limits: limits, now: state.now, &transaction)
            for table in ["key_states", "key_certificates"] {
                try transaction.run("DELETE FROM \(table) WHERE user_id = $1", .id(user))
            }
        }
        try insert(change, of: user, &transaction)
        return loggedOut
    }

    private static func insert(
        _ change: StateChange, of user: UserID, _ transaction: inout PostgresTransaction
    ) throws {
        let (certificates, devices) = (change.newCertificates, Array(change.devices))
        try transaction.run(
            "INSERT INTO key_certificates (user_id, hash, certificate) SELECT $1, * FROM unnest($2, $3)", .id(user),
            .byteStrings(certificates.map { CertificateHash(of: $0.object).bytes }), .byteStrings(certificates.map(\.bytes)))
        try transaction.run(
            """
            INSERT INTO key_devices (user_id, device, certificate) SELECT $1, * FROM unnest($2, $3)
            ON CONFLICT (user_id, device) DO UPDATE SET certificate = excluded.certificate
            """, .id(user), .byteStrings(devices.map(\.key.bytes)), .byteStrings(devices.map(\.value.bytes)))
    }

    /// What a deleted user has published, with a tombstone in the log. The inbox is gone, the devices are locked.
    static func removeKeys(
        of user: UserID, limits: KeyLimits, now: Timestamp, _ transaction: inout PostgresTransaction
    ) throws {
        try transaction.run("DELETE FROM link_notes WHERE user_id = $1", .id(user))
        guard try transaction.run("DELETE FROM key_accounts WHERE user_id = $1", .id(user)).changed == 1 else { return }
        for table in ["key_certificates", "key_devices", "one_time_keys", "claim_allowances"] {
            try transaction.run("DELETE FROM \(table) WHERE user_id = $1", .id(user))
        }
        try PostgresLog.bury(user, limits: limits, now: now, &transaction)
        transaction.runLast("DELETE FROM key_states WHERE user_id = $1", .id(user))
    }
}

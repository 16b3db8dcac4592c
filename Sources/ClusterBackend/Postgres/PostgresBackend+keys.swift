import KeyLog
import MessengerAPI
import MessengerCore

extension PostgresBackend: KeyStore {
    public func publishedKeys(of account: AccountReference) async throws -> PublishedKeys? {
        let (condition, argument): (String, PostgresValue) =
            switch account {
            case .user(let user): ("u.id", .id(user))
            case .name(let name): ("u.username", .text(name.text))
            }
        return try await pool.run(Self.published(where: condition), argument) { rows in
            guard let account = rows.first, account.int(0) == 0 else { return nil }
            let parts = rows.map { (kind: $0.int(0), first: $0.bytes(3), second: $0.optionalBytes(4)) }
            return PublishedKeys(
                user: account.id(2), username: account.text(3), keysVersion: account.id(1),
                states: parts.filter { $0.kind == 1 }.map(\.first), certificates: parts.filter { $0.kind == 2 }.map(\.first),
                devices: parts.filter { $0.kind == 3 }.map { (DeviceFingerprint(unchecked: $0.first), $0.second) })
        }
    }

    /// One statement, and so one snapshot: the account, its states, certificates and devices, in this order.
    private static func published(where column: String) -> String {
        """
        WITH account AS (
            SELECT u.id, u.username, i.keys_version FROM users u JOIN inboxes i ON i.user_id = u.id
            JOIN key_accounts a ON a.user_id = u.id WHERE \(column) = $1
        )
        SELECT 0::bigint AS kind, keys_version AS number, id, convert_to(username, 'UTF8') AS one, NULL::bytea AS other
        FROM account
        UNION ALL SELECT 1, s.seq, a.id, s.state, NULL FROM account a JOIN key_states s ON s.user_id = a.id
        UNION ALL SELECT 2, 0, a.id, c.certificate, NULL FROM account a JOIN key_certificates c ON c.user_id = a.id
        UNION ALL SELECT 3, 0, a.id, d.device, d.rotating FROM account a JOIN key_devices d ON d.user_id = a.id
        ORDER BY kind, number, one
        """
    }

    public func certificate(of device: DeviceFingerprint, of user: UserID) async throws -> [UInt8]? {
        try await pool.run(
            """
            SELECT c.certificate FROM key_devices d
            JOIN key_certificates c ON c.user_id = d.user_id AND c.hash = d.certificate
            WHERE d.user_id = $1 AND d.device = $2
            """, .id(user), .bytes(device.bytes)
        ) { $0.first?.bytes(0) }
    }

    public func publish(_ keys: KeyPublication) async throws -> KeyCount {
        let limits = limits.keys
        return try await pool.write { transaction in
            try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(keys.user))
            try transaction.run("SELECT 1 FROM key_accounts WHERE user_id = $1 FOR UPDATE", .id(keys.user))
            let change = try keys.decide(on: try Self.deviceKeys(keys, &transaction), limits: limits)
            try Self.write(change, of: keys, &transaction)
            let rows = try transaction.run([Self.countKeys(of: keys.device, of: keys.user, now: keys.now)])[0]
            guard let count = Self.keyCount(rows) else {
                throw StoreError.unavailable("a device has gone while it was locked")
            }
            return count
        }
    }

    private static func deviceKeys(
        _ keys: KeyPublication, _ transaction: inout PostgresTransaction
    ) throws -> DeviceKeys? {
        let rows = try transaction.run([
            PostgresStatement(
                """
                SELECT d.id, k.rotating FROM key_devices k LEFT JOIN devices d ON d.user_id = k.user_id AND d.id = k.owner
                WHERE k.user_id = $1 AND k.device = $2
                """, .id(keys.user), .bytes(keys.device.bytes)),
            PostgresStatement(
                "SELECT id FROM one_time_keys WHERE user_id = $1 AND device = $2 AND id = ANY ($3)", .id(keys.user),
                .bytes(keys.device.bytes), .byteStrings(keys.oneTime.map { KeyID(of: $0.object).bytes })),
            countKeys(of: keys.device, of: keys.user, now: keys.now),
        ])
        guard let row = rows[0].first, let count = keyCount(rows[2]) else { return nil }
        return DeviceKeys(
            owner: row.optionalInt(0).map { DeviceID($0) }, rotating: row.optionalBytes(1).flatMap { Signed<KeyRecord>($0) },
            waiting: count.oneTime, known: Set(rows[1].map { KeyID(unchecked: $0.bytes(0)) }))
    }

    private static func write(
        _ change: KeyChange, of keys: KeyPublication, _ transaction: inout PostgresTransaction
    ) throws {
        let (user, device) = (PostgresValue.id(keys.user), PostgresValue.bytes(keys.device.bytes))
        try transaction.run(
            "UPDATE key_devices SET owner = $3 WHERE user_id = $1 AND device = $2", user, device, .id(keys.session))
        if let rotating = change.rotating {
            try transaction.run(
                """
                WITH inbox AS (
                    UPDATE inboxes SET keys_version = keys_version + 1 WHERE user_id = $1 RETURNING next
                )
                UPDATE key_devices SET rotating = $3, sealed_through = inbox.next - 1 FROM inbox
                WHERE user_id = $1 AND device = $2
                """, user, device, .bytes(rotating.bytes))
        }
        guard !change.oneTime.isEmpty else { return }
        try transaction.run(
            """
            INSERT INTO one_time_keys (user_id, device, id, position, expires_at, record)
            SELECT $1, $2, new.id, new.place + (
                SELECT coalesce(max(position), 0) FROM one_time_keys WHERE user_id = $1 AND device = $2
            ), new.expires_at, new.record
            FROM unnest($3, $4, $5) WITH ORDINALITY AS new (id, expires_at, record, place)
            """, user, device, .byteStrings(change.oneTime.map { KeyID(of: $0.object).bytes }),
            .ints(change.oneTime.map { Int64(clamping: $0.object.expires) }), .byteStrings(change.oneTime.map(\.bytes)))
    }

    public func keyCount(of device: DeviceFingerprint, of user: UserID, now: Timestamp) async throws -> KeyCount? {
        try await pool.run(Self.countKeys(of: device, of: user, now: now), read: Self.keyCount)
    }

    private static func countKeys(of device: DeviceFingerprint, of user: UserID, now: Timestamp) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT i.keys_version, k.rotating, k.sealed_through, (
                SELECT count(*) FROM one_time_keys o
                WHERE o.user_id = k.user_id AND o.device = k.device AND o.claimed_at IS NULL AND o.expires_at > $3
            )
            FROM key_devices k JOIN inboxes i ON i.user_id = k.user_id WHERE k.user_id = $1 AND k.device = $2
            """, .id(user), .bytes(device.bytes), .id(now))
    }

    @Sendable private static func keyCount(_ rows: PostgresRows) -> KeyCount? {
        rows.first.map { row in
            KeyCount(
                keysVersion: row.id(0), oneTime: row.size(3),
                rotating: row.optionalBytes(1).flatMap { Signed<KeyRecord>($0) }.map { KeyID(of: $0.object) },
                sealedThrough: row.id(2))
        }
    }

    public func keep(_ note: LinkNote) async throws {
        let limits = limits.keys
        try await pool.write { transaction in
            try transaction.run("SELECT 1 FROM inboxes WHERE user_id = $1 FOR NO KEY UPDATE", .id(note.user))
            try transaction.run(
                "DELETE FROM link_notes WHERE user_id = $1 AND expires_at <= $2", .id(note.user), .id(note.now))
            let notes = try transaction.run("SELECT id, data FROM link_notes WHERE user_id = $1", .id(note.user))
                .map { ($0.bytes(0), $0.bytes(1)) }
            if try note.isThere(among: notes, limits: limits) { return }
            transaction.runLast(
                "INSERT INTO link_notes (user_id, id, data, expires_at) VALUES ($1, $2, $3, $4)", .id(note.user),
                .bytes(note.id), .bytes(note.data), .id(note.now + limits.noteLifetime))
        }
    }

    public func linkNote(_ id: [UInt8], of user: UserID, now: Timestamp) async throws -> [UInt8]? {
        try await pool.run(
            "SELECT data FROM link_notes WHERE user_id = $1 AND id = $2 AND expires_at > $3", .id(user), .bytes(id), .id(now)
        ) { $0.first?.bytes(0) }
    }
}

import KeyLog
import MessengerAPI
import MessengerCore

/// The key log within one transaction. Its head is locked last: who has it waits for nobody.
enum PostgresLog {
    static func open(now: Timestamp, _ transaction: inout PostgresTransaction) throws -> LogIdentity {
        let secrets = try secrets(&transaction)
        let checkpoint = try LogPlan(size: 0, tiles: [:]).checkpoint(secrets, now: now)
        try transaction.run(
            "INSERT INTO log_head (id, size, checkpoint, cosigned_at) VALUES (1, 0, $1, $2) ON CONFLICT DO NOTHING",
            .bytes(checkpoint), .id(now))
        return secrets.identity
    }

    /// Appends the state, signed with its checkpoint; its place. Throws `KeyError.knownAccount`.
    static func append(_ state: StatePublication, _ transaction: inout PostgresTransaction) throws -> UInt64 {
        if state.state.object.seq == 1 {
            let new = try transaction.run(
                "INSERT INTO log_accounts (account) VALUES ($1) ON CONFLICT DO NOTHING", .bytes(state.state.object.account.bytes))
            guard new.changed == 1 else { throw KeyError.knownAccount }
        }
        return try append([state.record], now: state.now, &transaction)[0]
    }

    /// Appends the records and signs the new checkpoint; their places.
    private static func append(
        _ records: [LogRecord], now: Timestamp, _ transaction: inout PostgresTransaction
    ) throws -> [UInt64] {
        let size = try lockedSize(now: now, &transaction)
        // Read under the lock: the key may have changed while this waited.
        let secrets = try secrets(&transaction)
        var plan = LogPlan(size: size, tiles: try tiles(LogPlan.edge(size: size), &transaction))
        let places = records.map { plan.append($0) }
        let (entries, tiles) = (plan.entries, Array(plan.tiles))
        try transaction.run(
            "INSERT INTO log_entries (place, entry, salt, record) SELECT * FROM unnest($1, $2, $3, $4)",
            .ints(entries.map { Int64($0.place) }), .byteStrings(entries.map(\.entry)),
            .byteStrings(entries.map(\.salt.bytes)), .byteStrings(entries.map(\.record.bytes)))
        try transaction.run(
            """
            INSERT INTO log_tiles (level, number, hashes) SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
            """, .ints(tiles.map { Int64($0.key.level) }), .ints(tiles.map { Int64($0.key.index) }),
            .byteStrings(tiles.map(\.value)))
        try transaction.run(
            "UPDATE log_head SET size = $1, checkpoint = $2, cosigned_at = $3", .int(Int64(plan.size)),
            .bytes(try plan.checkpoint(secrets, now: now)), .id(now))
        return places
    }

    /// Appends the tombstone of the user's account, if it has published one: in 30 days what it covers is erased.
    static func bury(
        _ user: UserID, limits: KeyLimits, now: Timestamp, _ transaction: inout PostgresTransaction
    ) throws {
        let states = try transaction.run("SELECT place, state FROM key_states WHERE user_id = $1 ORDER BY seq", .id(user))
            .map { ($0.int(0), $0.bytes(1)) }
        guard let last = states.last, let state = Signed<AccountState>(last.1) else { return }
        let tombstone = try append(
            [.tombstone(of: state.object.account, covering: states.map { UInt64($0.0) }, time: now.logTime)], now: now,
            &transaction)[0]
        try transaction.run(
            "UPDATE log_entries SET tombstone = $1, erase_at = $2 WHERE place = ANY ($3)", .int(Int64(tombstone)),
            .id(now + limits.erasureDelay), .ints(states.map(\.0)))
    }

    static func secrets(_ transaction: inout PostgresTransaction) throws -> LogSecrets {
        let parts = LogSecrets.Part.allCases
        let names = parts.map(\.rawValue)
        let rows = try transaction.run([
            PostgresStatement(
                "INSERT INTO secrets (name, value) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING", .texts(names),
                .byteStrings(parts.map { SecureRandom.bytes($0.byteCount) })),
            storedSecrets,
        ])[1]
        return try secrets(from: rows)
    }

    static let storedSecrets = PostgresStatement(
        "SELECT name, value FROM secrets WHERE name = ANY ($1)",
        .texts(LogSecrets.Part.allCases.map(\.rawValue) + [LogSecrets.successionName]))

    static func secrets(from rows: PostgresRows) throws -> LogSecrets {
        let secrets = Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), $0.bytes(1)) })
        return try LogSecrets(succession: secrets[LogSecrets.successionName]) { secrets[$0.rawValue] ?? [] }
    }

    static func rotateKey(now: Timestamp, _ transaction: inout PostgresTransaction) throws -> LogIdentity {
        _ = try lockedSize(now: now, &transaction)
        let head = try transaction.run("SELECT checkpoint FROM log_head").first?.bytes(0) ?? []
        let rotation = try secrets(&transaction).rotation(at: head, now: now)
        try transaction.run(
            """
            INSERT INTO secrets (name, value) SELECT * FROM unnest($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, .texts([LogSecrets.Part.signer.rawValue, LogSecrets.successionName]),
            .byteStrings([rotation.signer, rotation.succession]))
        try transaction.run(
            "UPDATE log_head SET checkpoint = $1, cosigned_at = $2", .bytes(rotation.checkpoint), .id(now))
        return try secrets(&transaction).identity
    }

    private static func lockedSize(now: Timestamp, _ transaction: inout PostgresTransaction) throws -> UInt64 {
        let lock = "SELECT size FROM log_head FOR UPDATE"
        if let head = try transaction.run(lock).first { return UInt64(head.int(0)) }
        _ = try open(now: now, &transaction)
        guard let head = try transaction.run(lock).first else { throw StoreError.unavailable("the key log is not open") }
        return UInt64(head.int(0))
    }

    private static func tiles(
        _ places: [LogPlan.TilePlace], _ transaction: inout PostgresTransaction
    ) throws -> [LogPlan.TilePlace: [UInt8]] {
        guard !places.isEmpty else { return [:] }
        let rows = try transaction.run(
            "SELECT t.level, t.number, t.hashes FROM unnest($1, $2) AS p (level, number) JOIN log_tiles t USING (level, number)",
            .ints(places.map { Int64($0.level) }), .ints(places.map { Int64($0.index) }))
        return Dictionary(
            uniqueKeysWithValues: rows.map { (LogPlan.TilePlace(level: $0.size(0), index: UInt64($0.int(1))), $0.bytes(2)) })
    }
}

import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCore

/// The key log within one writing transaction.
struct SQLiteLog {
    let db: Database

    init(_ db: Database) { self.db = db }

    func secrets() throws -> LogSecrets {
        try LogSecrets(succession: try stored(LogSecrets.successionName)) {
            try SQLiteBackend.secret(named: $0.rawValue, bytes: $0.byteCount, in: db)
        }
    }

    /// The secrets that there are, without making them: also for a reading connection.
    func storedSecrets() throws -> LogSecrets {
        try LogSecrets(succession: try stored(LogSecrets.successionName)) { try stored($0.rawValue) ?? [] }
    }

    private func stored(_ name: String) throws -> [UInt8]? {
        try Data.fetchOne(db, sql: "SELECT value FROM secrets WHERE name = ?", arguments: [name]).map { Array($0) }
    }

    func rotateKey(now: Timestamp) throws -> LogIdentity {
        _ = try open(now: now)
        guard let head = try Data.fetchOne(db, sql: "SELECT checkpoint FROM log_head") else {
            throw StoreError.unavailable("the key log is not open")
        }
        let rotation = try secrets().rotation(at: Array(head), now: now)
        for (name, value) in [
            (LogSecrets.Part.signer.rawValue, rotation.signer), (LogSecrets.successionName, rotation.succession),
        ] {
            try db.execute(
                sql: "INSERT OR REPLACE INTO secrets (name, value) VALUES (?, ?)", arguments: [name, Data(value)])
        }
        try db.execute(
            sql: "UPDATE log_head SET checkpoint = ?, cosigned_at = ?", arguments: [Data(rotation.checkpoint), now.rawValue])
        return try secrets().identity
    }

    /// Makes the empty log unless there is one; its size.
    private func size(_ secrets: LogSecrets, now: Timestamp) throws -> UInt64 {
        if let size = try Int64.fetchOne(db, sql: "SELECT size FROM log_head") { return UInt64(size) }
        let checkpoint = try LogPlan(size: 0, tiles: [:]).checkpoint(secrets, now: now)
        try db.execute(
            sql: "INSERT INTO log_head (id, size, checkpoint, cosigned_at) VALUES (1, 0, ?, ?)",
            arguments: [Data(checkpoint), now.rawValue])
        return 0
    }

    func open(now: Timestamp) throws -> LogIdentity {
        let secrets = try secrets()
        _ = try size(secrets, now: now)
        return secrets.identity
    }

    /// Appends the state, signed with its checkpoint; its place. Throws `KeyError.knownAccount`.
    func append(_ state: StatePublication) throws -> UInt64 {
        if state.state.object.seq == 1 {
            try db.execute(
                sql: "INSERT INTO log_accounts (account) VALUES (?) ON CONFLICT DO NOTHING",
                arguments: [Data(state.state.object.account.bytes)])
            guard db.changesCount == 1 else { throw KeyError.knownAccount }
        }
        return try append([state.record], now: state.now)[0]
    }

    /// Appends the records and signs the new checkpoint; their places.
    private func append(_ records: [LogRecord], now: Timestamp) throws -> [UInt64] {
        let secrets = try secrets()
        let size = try size(secrets, now: now)
        var tiles: [LogPlan.TilePlace: [UInt8]] = [:]
        for place in LogPlan.edge(size: size) { tiles[place] = try hashes(place) }
        var plan = LogPlan(size: size, tiles: tiles)
        let places = records.map { plan.append($0) }
        try write(plan)
        try db.execute(
            sql: "UPDATE log_head SET size = ?, checkpoint = ?, cosigned_at = ?",
            arguments: [Int64(plan.size), Data(try plan.checkpoint(secrets, now: now)), now.rawValue])
        return places
    }

    /// Appends the tombstone of the user's account, if it has published one: in 30 days what it covers is erased.
    func bury(_ user: UserID, limits: KeyLimits, now: Timestamp) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT place, state FROM key_states WHERE user_id = ? ORDER BY seq", arguments: [user.rawValue])
        guard let last = rows.last, let state = Signed<AccountState>(Array(last["state"] as Data)) else { return }
        let places = rows.map { UInt64($0["place"] as Int64) }
        let tombstone = try append(
            [.tombstone(of: state.object.account, covering: places, time: now.logTime)], now: now)[0]
        for place in places {
            try db.execute(
                sql: "UPDATE log_entries SET tombstone = ?, erase_at = ? WHERE place = ?",
                arguments: [Int64(tombstone), (now + limits.erasureDelay).rawValue, Int64(place)])
        }
    }

    func hashes(_ place: LogPlan.TilePlace) throws -> [UInt8]? {
        try Data.fetchOne(
            db, sql: "SELECT hashes FROM log_tiles WHERE level = ? AND number = ?",
            arguments: [place.level, Int64(clamping: place.index)]
        ).map { Array($0) }
    }

    private func write(_ plan: LogPlan) throws {
        for entry in plan.entries {
            try db.execute(
                sql: "INSERT INTO log_entries (place, entry, salt, record) VALUES (?, ?, ?, ?)",
                arguments: [
                    Int64(entry.place), Data(entry.entry), Data(entry.salt.bytes), Data(entry.record.bytes),
                ])
        }
        for (place, hashes) in plan.tiles {
            try db.execute(
                sql: "INSERT OR REPLACE INTO log_tiles (level, number, hashes) VALUES (?, ?, ?)",
                arguments: [place.level, Int64(place.index), Data(hashes)])
        }
    }
}

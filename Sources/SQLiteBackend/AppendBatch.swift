import Foundation
import GRDB
import MessengerAPI
import MessengerCore

/// Decides and writes submissions within one transaction; inbox rows are read once and written once per batch.
struct AppendBatch {
    private struct InboxRow {
        var next: Int64
        var receivedThrough: Int64
        var messages: Int
        var bytes: Int
        var liveKeys: Int
    }

    /// What has to go before a message fits into a full inbox.
    private struct Room {
        var dropThrough: Int64
        var messages: Int
        var bytes: Int
    }

    private let db: Database
    private let limits: InboxLimits
    private var rows: [UserID: InboxRow] = [:]
    private var changed: Set<UserID> = []
    private(set) var stored: [InboxMessage] = []

    init(_ db: Database, limits: InboxLimits) {
        self.db = db
        self.limits = limits
    }

    mutating func add(_ submission: Submission) throws -> SubmissionOutcome {
        guard try inbox(submission.sender) != nil else { return .unknownSender }
        if let key = submission.key {
            let known = try Self.remembered(
                db, key, of: submission.sender, fingerprint: submission.fingerprint, now: submission.now, limits: limits)
            switch known {
            case .outcome(let outcome): return outcome
            case .expired(let id): try forgetKey(id, of: submission.sender)
            case .none: break
            }
            if rows[submission.sender]!.liveKeys >= limits.liveKeysPerUser { return .tooManyKeys }
        }
        let unknown = try submission.messages.map(\.receiver).filter { try inbox($0) == nil }
        guard unknown.isEmpty else { return .unknownReceivers(unknown) }

        var rooms: [UserID: Room] = [:]
        var full: [UserID] = []
        for message in submission.messages {
            if let room = try room(for: message) { rooms[message.receiver] = room } else { full.append(message.receiver) }
        }
        guard full.isEmpty else { return .fullReceivers(full) }

        for message in submission.messages { try insert(message, of: submission, making: rooms[message.receiver]!) }
        if let key = submission.key { try rememberKey(key, submission) }
        return .accepted(receivers: submission.messages.count)
    }

    /// Writes the inbox rows that changed.
    func finish() throws {
        for user in changed {
            let row = rows[user]!
            try db.execute(
                cachedSQL: "UPDATE inboxes SET next = ?, messages = ?, bytes = ?, live_keys = ? WHERE user_id = ?",
                arguments: [row.next, row.messages, row.bytes, row.liveKeys, user.rawValue])
        }
    }

    enum Remembered {
        case outcome(SubmissionOutcome)
        case expired(id: Int64)
        case none
    }

    static func remembered(
        _ db: Database, _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp, limits: InboxLimits
    ) throws -> Remembered {
        let row = try Row.fetchOne(
            db,
            cachedSQL: "SELECT id, fingerprint, receivers, created_at FROM idempotency_keys WHERE user_id = ? AND key = ?",
            arguments: [sender.rawValue, key.text])
        guard let row else { return .none }
        guard (row["created_at"] as Int64) > (now - limits.keyLifetime).rawValue else { return .expired(id: row["id"]) }
        guard (row["fingerprint"] as Data) == Data(fingerprint) else { return .outcome(.keyReused) }
        return .outcome(.repeated(receivers: row["receivers"]))
    }

    private mutating func inbox(_ user: UserID) throws -> InboxRow? {
        if let row = rows[user] { return row }
        let row = try Row.fetchOne(
            db, cachedSQL: "SELECT next, received_through, messages, bytes, live_keys FROM inboxes WHERE user_id = ?",
            arguments: [user.rawValue])
        guard let row else { return nil }
        let inbox = InboxRow(
            next: row["next"], receivedThrough: row["received_through"], messages: row["messages"], bytes: row["bytes"],
            liveKeys: row["live_keys"])
        rows[user] = inbox
        return inbox
    }

    /// What must be dropped for the message, oldest first and only what some device has acknowledged; nil when that is
    /// not enough.
    private func room(for message: Submission.Outgoing) throws -> Room? {
        let row = rows[message.receiver]!
        var room = Room(dropThrough: 0, messages: 0, bytes: 0)
        let size = message.body.utf8.count
        func fits() -> Bool { row.messages - room.messages < limits.messages && row.bytes - room.bytes + size <= limits.bytes }
        if fits() { return room }
        let oldest = try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT number, length(body) AS size FROM messages WHERE user_id = ? AND number <= ? ORDER BY number"),
            arguments: [message.receiver.rawValue, row.receivedThrough])
        while !fits(), let next = try oldest.next() {
            room.dropThrough = next["number"]
            room.messages += 1
            room.bytes += next["size"] as Int
        }
        return fits() ? room : nil
    }

    private mutating func insert(_ message: Submission.Outgoing, of submission: Submission, making room: Room) throws {
        var row = rows[message.receiver]!
        if room.messages > 0 {
            try db.execute(
                cachedSQL: "DELETE FROM messages WHERE user_id = ? AND number <= ?",
                arguments: [message.receiver.rawValue, room.dropThrough])
        }
        try db.execute(
            cachedSQL: """
                INSERT INTO messages (user_id, number, sender_id, sender_username, send_date, accepted_at, body)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                message.receiver.rawValue, row.next, submission.sender.rawValue, submission.senderUsername.text,
                submission.sendDate, submission.now.rawValue, Data(message.body.utf8),
            ])
        stored.append(
            InboxMessage(
                number: MessageNumber(row.next), sender: submission.sender, senderUsername: submission.senderUsername.text,
                receiver: message.receiver, body: message.body, sendDate: submission.sendDate))
        row.next += 1
        row.messages += 1 - room.messages
        row.bytes += message.body.utf8.count - room.bytes
        rows[message.receiver] = row
        changed.insert(message.receiver)
    }

    private mutating func rememberKey(_ key: IdempotencyKey, _ submission: Submission) throws {
        try db.execute(
            cachedSQL: "INSERT INTO idempotency_keys (user_id, key, fingerprint, receivers, created_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                submission.sender.rawValue, key.text, Data(submission.fingerprint), submission.messages.count,
                submission.now.rawValue,
            ])
        rows[submission.sender]!.liveKeys += 1
        changed.insert(submission.sender)
    }

    private mutating func forgetKey(_ id: Int64, of sender: UserID) throws {
        try db.execute(cachedSQL: "DELETE FROM idempotency_keys WHERE id = ?", arguments: [id])
        rows[sender]!.liveKeys -= 1
        changed.insert(sender)
    }
}

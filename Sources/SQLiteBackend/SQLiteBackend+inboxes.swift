import Foundation
import GRDB
import MessengerAPI
import MessengerCore

extension SQLiteBackend: InboxStore {
    /// Many senders at once share fewer commits. See docs/decisions/0018-sqlites-shared-commits-are-spaced-too.md.
    public var commitSpacing: Duration { .microseconds(700) }

    public func append(_ submissions: [Submission]) async throws -> AppendResult {
        let limits = limits
        return try await write { db in
            var plan = AppendPlan(source: SQLiteAppendSource(db: db), limits: limits)
            let outcomes = try submissions.map { try plan.add($0) }
            try plan.write()
            return AppendResult(outcomes: outcomes, stored: plan.messages.map(\.message))
        }
    }

    public func remembered(
        _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp
    ) async throws -> SubmissionOutcome? {
        let limits = limits
        return try await read { db in
            try SQLiteAppendSource(db: db).usedKey(key, of: sender)?.outcome(for: fingerprint, at: now, limits: limits)
        }
    }

    public func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage? {
        try await read { db in
            let row = try Row.fetchOne(
                db,
                cachedSQL: """
                    SELECT d.user_id, d.cursor, i.next FROM devices d JOIN inboxes i ON i.user_id = d.user_id WHERE d.id = ?
                    """, arguments: [device.rawValue])
            guard let row else { return nil }
            let user = UserID(row["user_id"])
            let start = max(after, MessageNumber(row["cursor"]))
            return PendingPage(
                messages: try Self.messages(db, of: user, after: start, limit: limit, bytes: bytes), start: start,
                head: MessageNumber(row["next"]).previous)
        }
    }

    static func messages(
        _ db: Database, of user: UserID, after start: MessageNumber, limit: Int, bytes: Int
    ) throws -> [InboxMessage] {
        var messages: [InboxMessage] = []
        var left = bytes
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT number, sender_id, sender_username, send_date, body FROM messages
                    WHERE user_id = ? AND number > ? ORDER BY number LIMIT ?
                    """), arguments: [user.rawValue, start.rawValue, limit])
        while let row = try rows.next() {
            let body = String(decoding: row["body"] as Data, as: UTF8.self)
            left -= body.utf8.count
            if left < 0, !messages.isEmpty { break }
            messages.append(
                InboxMessage(
                    number: MessageNumber(row["number"]), sender: UserID(row["sender_id"]),
                    senderUsername: row["sender_username"], receiver: user, body: body, sendDate: row["send_date"]))
        }
        return messages
    }

    public func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        let (outcomes, users) = try await write { db in
            var plan = AcknowledgementPlan()
            let outcomes = try acknowledgements.map { try plan.add($0, in: db) }
            return (outcomes, try plan.write(to: db))
        }
        acknowledgedUsers.withLock { $0.formUnion(users) }
        return outcomes
    }

    public func heads(of users: [UserID]) async throws -> [UserID: MessageNumber] {
        try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT user_id, next FROM inboxes WHERE user_id IN (SELECT value FROM json_each(?))",
                arguments: [Self.jsonArray(users)])
            return Dictionary(uniqueKeysWithValues: rows.map { (UserID($0["user_id"]), MessageNumber($0["next"]).previous) })
        }
    }

    static func jsonArray(_ ids: some Sequence<some IntegerIdentifier>) -> String {
        "[" + ids.map(\.description).joined(separator: ",") + "]"
    }
}

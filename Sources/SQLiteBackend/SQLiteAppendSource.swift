import Foundation
import GRDB
import MessengerAPI
import MessengerCore

/// Inboxes and keys as one transaction sees them.
struct SQLiteAppendSource: AppendSource {
    let db: Database

    func inbox(_ user: UserID) throws -> InboxState? {
        try Row.fetchOne(
            db, cachedSQL: "SELECT next, messages, bytes, live_keys, keys_version FROM inboxes WHERE user_id = ?",
            arguments: [user.rawValue]
        ).map {
            InboxState(
                next: MessageNumber($0["next"]), messages: $0["messages"], bytes: $0["bytes"], liveKeys: $0["live_keys"],
                keysVersion: KeysVersion($0["keys_version"]))
        }
    }

    func usedKey(_ key: IdempotencyKey, of sender: UserID) throws -> UsedKey? {
        try Row.fetchOne(
            db, cachedSQL: "SELECT fingerprint, receivers, created_at FROM idempotency_keys WHERE user_id = ? AND key = ?",
            arguments: [sender.rawValue, key.text]
        ).map {
            UsedKey(
                fingerprint: Array($0["fingerprint"] as Data), receivers: $0["receivers"],
                at: Timestamp(milliseconds: $0["created_at"]))
        }
    }

    func received(in user: UserID, after: MessageNumber, take: (MessageNumber, Int) -> Bool) throws {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT m.number, length(m.body) AS size FROM messages m JOIN inboxes i ON i.user_id = m.user_id
                    WHERE m.user_id = ? AND m.number > ? AND m.number <= i.received_through ORDER BY m.number
                    """), arguments: [user.rawValue, after.rawValue])
        while let row = try rows.next(), take(MessageNumber(row["number"]), row["size"]) {}
    }
}

extension AppendPlan<SQLiteAppendSource> {
    /// Writes what was decided, in the transaction of its source.
    func write() throws {
        let db = source.db
        for (user, through) in dropped {
            try db.execute(
                cachedSQL: "DELETE FROM messages WHERE user_id = ? AND number <= ?", arguments: [user.rawValue, through.rawValue])
        }
        for new in messages {
            let message = new.message
            try db.execute(
                cachedSQL: """
                    INSERT INTO messages (user_id, number, sender_id, sender_username, send_date, accepted_at, body)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    message.receiver.rawValue, message.number.rawValue, message.sender.rawValue, message.senderUsername,
                    message.sendDate, new.acceptedAt.rawValue, Data(message.body.utf8),
                ])
        }
        for (owner, used) in keys {
            try db.execute(
                cachedSQL: """
                    INSERT OR REPLACE INTO idempotency_keys (user_id, key, fingerprint, receivers, created_at)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    owner.user.rawValue, owner.key.text, Data(used.fingerprint), used.receivers, used.at.rawValue,
                ])
        }
        for (user, inbox) in changed {
            try db.execute(
                cachedSQL: "UPDATE inboxes SET next = ?, messages = ?, bytes = ?, live_keys = ? WHERE user_id = ?",
                arguments: [inbox.next.rawValue, inbox.messages, inbox.bytes, inbox.liveKeys, user.rawValue])
        }
    }
}

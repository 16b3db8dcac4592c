import Foundation
import GRDB
import KeyLog
import MessengerCrypto

/// Messages that go by themselves, and the timers of conversations.
extension LocalStore {
    static func registerExpiry(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("expiry") { db in
            try db.execute(
                sql: """
                    ALTER TABLE message ADD COLUMN expires_after INTEGER;
                    ALTER TABLE message ADD COLUMN expires_at INTEGER;
                    ALTER TABLE message ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
                    CREATE INDEX message_expiry ON message (expires_at) WHERE expires_at IS NOT NULL AND expired = 0;
                    CREATE TABLE conversation_timer (
                        conversation BLOB PRIMARY KEY, seconds INTEGER NOT NULL, sent INTEGER NOT NULL, hash BLOB NOT NULL
                    ) WITHOUT ROWID;
                    """)
        }
    }

    // MARK: Timers

    /// In seconds; nil for a conversation whose messages stay.
    func timer(of conversation: ConversationID) async throws -> Int? {
        try await read { db in try Self.timer(of: conversation, db) }
    }

    static func timer(of conversation: ConversationID, _ db: Database) throws -> Int? {
        let seconds = try Int.fetchOne(
            db, sql: "SELECT seconds FROM conversation_timer WHERE conversation = ?", arguments: [Data(conversation.bytes)])
        return seconds.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Of several the one that was sent last counts, in whatever order they come.
    static func setTimer(_ seconds: Int?, by message: Message, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO conversation_timer (conversation, seconds, sent, hash) VALUES (?, ?, ?, ?)
                ON CONFLICT (conversation) DO UPDATE SET seconds = excluded.seconds, sent = excluded.sent, hash = excluded.hash
                WHERE excluded.sent > sent OR excluded.sent = sent AND excluded.hash > hash
                """,
            arguments: [
                Data(message.conversation.bytes), seconds ?? 0, Int64(clamping: message.sent), Data(message.hash.bytes),
            ])
    }

    // MARK: Expiry

    /// These were read: those that are not one's own begin to count now. What counts already goes on.
    func beginExpiry(of messages: [MessageHash], now: UInt64) async throws {
        try await write { db in
            for hash in messages {
                try db.execute(
                    sql: """
                        UPDATE message SET expires_at = ? + expires_after * 1000
                        WHERE hash = ? AND is_mine = 0 AND expires_at IS NULL AND expires_after IS NOT NULL
                        """, arguments: [Int64(clamping: now), Data(hash.bytes)])
            }
        }
    }

    /// Overwrites what is due, with everything that later messages said in its place. What still waits in the outbox is not.
    /// Where those stood that went.
    func removeExpired(now: UInt64) async throws -> [HistoryPosition] {
        let isDue = try await read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM message WHERE expired = 0 AND expires_at <= ?)",
                arguments: [Int64(clamping: now)])
        }
        guard isDue == true else { return [] }
        let positions = try await write { db in
            let due = try Row.fetchAll(
                db,
                sql: """
                    SELECT position, hash FROM message WHERE expired = 0 AND expires_at <= ?
                    AND hash NOT IN (SELECT hash FROM outbox)
                    """, arguments: [Int64(clamping: now)])
            for row in due {
                try db.execute(
                    sql: "UPDATE message SET body = NULL, expired = 1 WHERE position = ? OR target = ?",
                    arguments: [row["position"] as Int64, row["hash"] as Data])
            }
            return due.map { HistoryPosition(rawValue: $0["position"]) }
        }
        if !positions.isEmpty { try await forgetTraces() }
        return positions
    }

    /// When the next message is due; nil when none is.
    func nextExpiry() async throws -> UInt64? {
        try await read { db in
            try Int64.fetchOne(db, sql: "SELECT min(expires_at) FROM message WHERE expires_at IS NOT NULL AND expired = 0")
                .map { UInt64(clamping: $0) }
        }
    }

    /// What an edit said of a message that has gone by then is not kept.
    static func dropIfTargetExpired(_ target: MessageHash?, at position: HistoryPosition, _ db: Database) throws {
        guard let target else { return }
        try db.execute(
            sql: """
                UPDATE message SET body = NULL, expired = 1
                WHERE position = ? AND EXISTS (SELECT 1 FROM message WHERE hash = ? AND expired = 1)
                """, arguments: [position.rawValue, Data(target.bytes)])
    }
}

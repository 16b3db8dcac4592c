import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCrypto

extension LocalStore {
    static let storedThroughSetting = "stored-through"
    private static let handledSetting = "handled-through"

    // MARK: How far this device is

    /// Everything up to this number of the inbox is stored.
    func storedThrough() async throws -> MessageNumber {
        try await read { [cipher] db in MessageNumber(try Self.number(Self.storedThroughSetting, cipher, db)) }
    }

    /// The last message that the program has said it is done with.
    func handledThrough() async throws -> HistoryPosition {
        try await read { [cipher] db in HistoryPosition(rawValue: try Self.number(Self.handledSetting, cipher, db)) }
    }

    /// Only ever goes forward.
    func handle(through position: HistoryPosition) async throws {
        try await write { [cipher] db in try Self.raise(Self.handledSetting, to: position.rawValue, cipher, db) }
    }

    static func number(_ setting: String, _ cipher: StoreCipher, _ db: Database) throws -> Int64 {
        guard let bytes = try Self.setting(setting, cipher, db) else { return 0 }
        var reader = ByteReader(bytes)
        return (try? reader.integer(UInt64.self)).flatMap { Int64(exactly: $0) } ?? 0
    }

    static func raise(_ setting: String, to value: Int64, _ cipher: StoreCipher, _ db: Database) throws {
        guard value > (try number(setting, cipher, db)) else { return }
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt64(value))
        try Self.set(setting, bytes, cipher, db)
    }

    // MARK: Writing

    /// - Parameter position: nil for the end.
    static func insert(
        _ new: NewMessage, at position: HistoryPosition? = nil, _ cipher: StoreCipher, _ db: Database
    ) throws -> HistoryPosition {
        let message = new.message
        let expiresAfter = MessageContent.expiry(of: message)
        try db.execute(
            cachedSQL: """
                INSERT INTO message (position, hash, conversation, peer, account, device, id, type, target, sent, is_mine, is_incoming,
                    delivery, owes_receipt, findings, body, in_group, expires_after, expires_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                position?.rawValue, Data(new.hash.bytes), Data(message.conversation.bytes), new.peer,
                Data(message.fromAccount.bytes),
                Data(message.fromDevice.bytes), Data(message.id.bytes), message.type.rawValue, new.target.map { Data($0.bytes) },
                Int64(clamping: message.sent), new.isMine, new.isIncoming, new.delivery.stored, new.owesReceipt,
                Data(new.findings.map(\.rawValue)), try cipher.seal(message.bytes, column: "message", row: new.hash.bytes),
                new.isInGroup, expiresAfter, new.expiresAt(after: expiresAfter).map { Int64(clamping: $0) },
            ])
        let position = HistoryPosition(rawValue: db.lastInsertedRowID)
        try dropIfTargetExpired(new.target, at: position, db)
        return position
    }

    /// Overwrites the content of a deleted message; only its author can.
    static func purge(_ target: MessageHash, by account: AccountID, in conversation: ConversationID, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE message SET body = NULL WHERE hash = ? AND account = ? AND conversation = ?",
            arguments: [Data(target.bytes), Data(account.bytes), Data(conversation.bytes)])
    }

    // MARK: Reading

    /// What `messages` gives out next.
    func incoming(after position: HistoryPosition, limit: Int) async throws -> [StoredMessage] {
        try await read { [cipher] db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM message WHERE is_incoming = 1 AND expired = 0 AND position > ? ORDER BY position LIMIT ?",
                arguments: [position.rawValue, limit]
            ).map { try Self.message($0, cipher) }
        }
    }

    func message(_ hash: MessageHash) async throws -> StoredMessage? {
        try await read { [cipher] db in
            try Row.fetchOne(db, sql: "SELECT * FROM message WHERE hash = ?", arguments: [Data(hash.bytes)])
                .map { try Self.message($0, cipher) }
        }
    }

    /// What stands in a conversation by itself, newest first.
    func history(_ conversation: ConversationID, before position: HistoryPosition?, limit: Int) async throws -> [StoredMessage] {
        try await read { [cipher] db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM message WHERE conversation = ? AND position < ? AND target IS NULL AND expired = 0
                    ORDER BY position DESC LIMIT ?
                    """, arguments: [Data(conversation.bytes), position?.rawValue ?? Int64.max, limit]
            ).map { try Self.message($0, cipher) }
        }
    }

    /// The newest one with this person alone; nil when there is none.
    func conversation(with peer: String) async throws -> ConversationID? {
        try await read { db in
            let sql = "SELECT conversation FROM message WHERE peer = ? AND in_group = 0 ORDER BY position DESC LIMIT 1"
            return try Data.fetchOne(db, sql: sql, arguments: [peer]).flatMap { ConversationID($0) }
        }
    }

    func hasMessages(_ conversation: ConversationID) async throws -> Bool {
        try await read { db in
            let sql = "SELECT EXISTS (SELECT 1 FROM message WHERE conversation = ?)"
            return try Bool.fetchOne(db, sql: sql, arguments: [Data(conversation.bytes)]) ?? false
        }
    }

    /// Edits, deletions and reactions of these messages, oldest first.
    func amendments(of messages: [MessageHash]) async throws -> [StoredMessage] {
        try await read { [cipher] db in
            try messages.flatMap { hash in
                try Row.fetchAll(
                    db, sql: "SELECT * FROM message WHERE target = ? ORDER BY position", arguments: [Data(hash.bytes)]
                ).map { try Self.message($0, cipher) }
            }
        }
    }

    /// The last shown message of each conversation and how many of it were not handled.
    func summaries() async throws -> [(last: StoredMessage, unhandled: Int)] {
        try await read { [cipher] db in
            let handled = try Self.number(Self.handledSetting, cipher, db)
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT m.*, (SELECT count(*) FROM message u WHERE u.conversation = m.conversation AND u.is_incoming = 1
                        AND u.is_mine = 0 AND u.target IS NULL AND u.expired = 0 AND u.position > ?) AS unhandled
                    FROM message m WHERE m.position IN
                        (SELECT max(position) FROM message WHERE target IS NULL AND expired = 0 GROUP BY conversation)
                    ORDER BY m.position DESC
                    """, arguments: [handled])
            return try rows.map { (try Self.message($0, cipher), $0["unhandled"]) }
        }
    }

    static func message(_ row: Row, _ cipher: StoreCipher) throws -> StoredMessage {
        let hash = (row["hash"] as Data?).flatMap { MessageHash($0) }
        guard let conversation = ConversationID(row["conversation"] as Data) else {
            throw MessengerError.store("the history is damaged")
        }
        var message: Message?
        if let hash, let body = row["body"] as Data? {
            message = try? Message(try cipher.open(body, column: "message", row: hash.bytes))
        }
        return StoredMessage(
            position: HistoryPosition(rawValue: row["position"]), hash: hash, conversation: conversation, peer: row["peer"],
            isInGroup: row["in_group"], account: (row["account"] as Data?).flatMap { AccountID($0) },
            target: (row["target"] as Data?).flatMap { MessageHash($0) }, sent: UInt64(row["sent"] as Int64),
            isMine: row["is_mine"], delivery: Delivery(stored: row["delivery"]),
            findings: (row["findings"] as Data).compactMap { EnvelopeCheck(rawValue: $0) }, message: message,
            expiresAfter: row["expires_after"], expiresAt: (row["expires_at"] as Int64?).map { UInt64(clamping: $0) })
    }
}

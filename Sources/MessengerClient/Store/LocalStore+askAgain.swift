import Foundation
import GRDB
import KeyLog
import MessengerCrypto

/// Asking for what could not be opened, and answering those who ask: noted in the transaction that stores the message, carried
/// out later, however often it is interrupted.
extension LocalStore {
    /// For so long a message is asked for, and sent again to those who ask.
    private static let answerable: UInt64 = 14 * 24 * 3600 * 1000
    private static let hour: UInt64 = 3600 * 1000
    /// A server that changes a byte of every message must not make this device, or whom it asks, drown in questions.
    static let questionsPerHour = 20
    static let answersPerHour = 20

    /// What became of a wish to get a message again.
    enum Answer: Hashable, Sendable {
        /// It is in the outbox.
        case sent
        /// The device may not have it, was answered before or asks too late, or the message is gone: the wish is forgotten.
        case refused
        /// Too many have asked within the hour: the wish stays.
        case later
    }

    // MARK: Asking

    /// Once for each envelope.
    static func note(_ question: Question, now: UInt64, _ db: Database) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO question (envelope, sender, noted) VALUES (?, ?, ?)",
            arguments: [Data(question.envelope.bytes), question.sender, Int64(clamping: now)])
    }

    /// Those that were not put yet, oldest first.
    func openQuestions() async throws -> [Question] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT envelope, sender FROM question WHERE put IS NULL ORDER BY noted").compactMap {
                row in
                EnvelopeHash(row["envelope"] as Data).map { Question(envelope: $0, sender: row["sender"]) }
            }
        }
    }

    /// Marks a question as put. False when it was before, or when so many were within the hour that it has to wait.
    static func put(_ envelope: EnvelopeHash, now: UInt64, _ db: Database) throws -> Bool {
        let recent = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM question WHERE put > ?", arguments: [Int64(clamping: now) - Int64(hour)])
        guard let recent, recent < questionsPerHour else { return false }
        try db.execute(
            sql: "UPDATE question SET put = ? WHERE envelope = ? AND put IS NULL",
            arguments: [Int64(clamping: now), Data(envelope.bytes)])
        return db.changesCount > 0
    }

    // MARK: Answering

    static func note(_ asked: AskedAgain, now: UInt64, _ db: Database) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO request (envelope, device, account, peer, noted) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Data(asked.envelope.bytes), Data(asked.device.bytes), Data(asked.account.bytes), asked.peer, Int64(clamping: now),
            ])
    }

    /// Wishes that were not decided yet, oldest first.
    func requests() async throws -> [AskedAgain] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM request ORDER BY noted").compactMap { row in
                guard let envelope = EnvelopeHash(row["envelope"] as Data), let device = DeviceFingerprint(row["device"] as Data),
                    let account = AccountID(row["account"] as Data)
                else { return nil }
                return AskedAgain(envelope: envelope, device: device, account: account, peer: row["peer"])
            }
        }
    }

    func refuse(_ asked: AskedAgain) async throws {
        try await write { db in try Self.forget(asked, db) }
    }

    /// Puts the message of an envelope into the outbox once more, for a device that could not open it, or decides otherwise.
    /// - Parameter inFlight: the device has taken the place of a lost one, and gets what has not arrived at any.
    func answer(_ asked: AskedAgain, inFlight: Bool, now: UInt64) async throws -> Answer {
        try await write { [cipher] db in
            guard let (message, hash) = try Self.answerableMessage(asked, inFlight: inFlight, now: now, cipher, db) else {
                try Self.forget(asked, db)
                return .refused
            }
            let recent = try Int.fetchOne(
                db, sql: "SELECT count(*) FROM answer WHERE time > ?", arguments: [Int64(clamping: now) - Int64(Self.hour)])
            guard let recent, recent < Self.answersPerHour else { return .later }
            try db.execute(
                sql: "INSERT OR IGNORE INTO answer (message, device, time) VALUES (?, ?, ?)",
                arguments: [Data(hash.bytes), Data(asked.device.bytes), Int64(clamping: now)])
            let isFirst = db.changesCount > 0
            try Self.forget(asked, db)
            guard isFirst else { return .refused }
            var again = message
            again.flags.insert(.sentAgain)
            let entry = NewOutboxEntry(
                message: again, account: asked.account, peer: asked.peer, device: asked.device, usesOneTimeKeys: false)
            try Self.enqueue(entry, cipher, db)
            return .sent
        }
    }

    private static func forget(_ asked: AskedAgain, _ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM request WHERE envelope = ? AND device = ?",
            arguments: [Data(asked.envelope.bytes), Data(asked.device.bytes)])
    }

    /// Nil unless the device was in the slots of the envelope, or may have it all the same, not too long ago, and the message is
    /// still here.
    private static func answerableMessage(
        _ asked: AskedAgain, inFlight: Bool, now: UInt64, _ cipher: StoreCipher, _ db: Database
    ) throws -> (Message, MessageHash)? {
        let sent = try Row.fetchOne(
            db, sql: "SELECT message, devices FROM sent_envelope WHERE envelope = ? AND account = ? AND time > ?",
            arguments: [
                Data(asked.envelope.bytes), Data(asked.account.bytes), Int64(clamping: now) - Int64(answerable),
            ])
        guard let sent, let hash = MessageHash(sent["message"] as Data),
            try devices(Array(sent["devices"] as Data)).contains(asked.device) || (inFlight && !hasArrived(hash, db)),
            let message = try ownMessage(hash, cipher, db), try mayHave(message, asked.account, cipher, db)
        else { return nil }
        return (message, hash)
    }

    private static func hasArrived(_ hash: MessageHash, _ db: Database) throws -> Bool {
        let sql = "SELECT delivery FROM message WHERE hash = ? AND is_mine = 1"
        let delivery = try Int.fetchOne(db, sql: sql, arguments: [Data(hash.bytes)])
        return delivery.map { $0 >= Delivery.delivered.stored } ?? true
    }

    private static func ownMessage(_ hash: MessageHash, _ cipher: StoreCipher, _ db: Database) throws -> Message? {
        let body = try Data.fetchOne(
            db, sql: "SELECT body FROM message WHERE hash = ? AND is_mine = 1 AND body IS NOT NULL", arguments: [Data(hash.bytes)]
        )
        return try body.map { try Message(try cipher.open($0, column: "message", row: hash.bytes)) }
    }

    /// Whoever is out of a group gets nothing of it any more.
    private static func mayHave(
        _ message: Message, _ account: AccountID, _ cipher: StoreCipher, _ db: Database
    ) throws -> Bool {
        guard message.groupState != .zero, let group = try group(message.conversation, cipher, db) else { return true }
        return account == message.fromAccount || group.state.role(of: account) != nil
    }

    private static func devices(_ bytes: [UInt8]) -> [DeviceFingerprint] {
        stride(from: 0, to: bytes.count, by: DeviceFingerprint.byteCount).compactMap {
            DeviceFingerprint(bytes[$0..<min($0 + DeviceFingerprint.byteCount, bytes.count)])
        }
    }

    // MARK: Both

    /// Forgets what nobody may ask for any more.
    func forgetAnswerable(now: UInt64) async throws {
        try await write { db in
            let since = Int64(clamping: now) - Int64(Self.answerable)
            try db.execute(sql: "DELETE FROM sent_envelope WHERE time <= ?", arguments: [since])
            try db.execute(sql: "DELETE FROM answer WHERE time <= ?", arguments: [since])
            try db.execute(sql: "DELETE FROM question WHERE noted <= ?", arguments: [since])
            try db.execute(sql: "DELETE FROM request WHERE noted <= ?", arguments: [since])
        }
    }
}

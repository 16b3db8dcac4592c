import Foundation
import GRDB
import KeyLog
import MessengerCrypto

extension LocalStore {
    /// For so long a message is sent again to those who ask.
    private static let answerable: UInt64 = 14 * 24 * 3600 * 1000
    private static let hour: UInt64 = 3600 * 1000
    private static let answersPerHour = 20

    /// Puts the message of an envelope into the outbox once more, for a device that could not open it. False when it is not
    /// answered: the device was not in its slots, it was answered before, it is too long ago, or too many have asked.
    func answer(
        _ envelope: EnvelopeHash, for device: DeviceFingerprint, of account: AccountID, named peer: String, now: UInt64
    ) async throws -> Bool {
        try await write { [cipher] db in
            let since = Int64(clamping: now) - Int64(Self.answerable)
            let sent = try Row.fetchOne(
                db, sql: "SELECT message, devices FROM sent_envelope WHERE envelope = ? AND account = ? AND time > ?",
                arguments: [Data(envelope.bytes), Data(account.bytes), since])
            guard let sent, let hash = MessageHash(sent["message"] as Data),
                Self.devices(Array(sent["devices"] as Data)).contains(device),
                var message = try Self.ownMessage(hash, cipher, db), try Self.mayHave(message, account, cipher, db)
            else { return false }
            let recent = try Int.fetchOne(
                db, sql: "SELECT count(*) FROM answer WHERE time > ?", arguments: [Int64(clamping: now) - Int64(Self.hour)])
            guard let recent, recent < Self.answersPerHour else { return false }
            try db.execute(
                sql: "INSERT OR IGNORE INTO answer (message, device, time) VALUES (?, ?, ?)",
                arguments: [Data(hash.bytes), Data(device.bytes), Int64(clamping: now)])
            guard db.changesCount > 0 else { return false }
            message.flags.insert(.sentAgain)
            let entry = NewOutboxEntry(message: message, account: account, peer: peer, device: device, usesOneTimeKeys: false)
            try Self.enqueue(entry, cipher, db)
            return true
        }
    }

    /// Forgets what nobody may ask for any more.
    func forgetAnswerable(now: UInt64) async throws {
        try await write { db in
            let since = Int64(clamping: now) - Int64(Self.answerable)
            try db.execute(sql: "DELETE FROM sent_envelope WHERE time <= ?", arguments: [since])
            try db.execute(sql: "DELETE FROM answer WHERE time <= ?", arguments: [since])
        }
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
}

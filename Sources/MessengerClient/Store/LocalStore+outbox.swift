import Foundation
import GRDB
import KeyLog
import MessengerCrypto

extension LocalStore {
    /// Gives the draft its place in the count of its conversation, keeps it as history, and puts it into the outbox: all
    /// or nothing. A note that no other device waits for does not go out.
    /// - Parameter upload: the one that the message is about, forgotten with it. Throws `MessengerError.notFound` when it is gone.
    func enqueue(_ draft: OutgoingDraft, goesOut: Bool, finishing upload: PendingUpload.ID? = nil) async throws -> Message {
        try await write { [cipher] db in
            if let upload { try Self.finish(upload, db) }
            return try Self.enqueue(draft, goesOut: goesOut, cipher, db)
        }
    }

    static func enqueue(
        _ draft: OutgoingDraft, goesOut: Bool, _ cipher: StoreCipher, _ db: Database
    ) throws -> Message {
        let conversation = Data(draft.conversation.bytes)
        var draft = draft
        draft.timer = try Self.timer(of: draft.conversation, db)
        let last = try Row.fetchOne(
            db, sql: "SELECT counter, newest FROM own_sequence WHERE conversation = ?", arguments: [conversation])
        let counter = (last?["counter"] as Int64?) ?? 0
        let previous = last.flatMap { MessageHash($0["newest"] as Data) } ?? .zero
        let message = try draft.message(counter: UInt64(counter) + 1, previous: previous)
        let hash = message.hash
        try db.execute(
            sql: "INSERT OR REPLACE INTO own_sequence (conversation, counter, newest) VALUES (?, ?, ?)",
            arguments: [conversation, counter + 1, Data(hash.bytes)])
        if draft.content.isShown || draft.content.target != nil {
            let delivery: Delivery = goesOut ? .waiting : .accepted
            let row = NewMessage(
                message: message, hash: hash, peer: draft.peer, isInGroup: draft.group != nil, target: draft.content.target,
                isMine: true, isIncoming: false, delivery: delivery, owesReceipt: false, findings: [])
            _ = try Self.insert(row, cipher, db)
            if case .timer(let seconds) = draft.content { try Self.setTimer(seconds, by: message, db) }
            if case .delete(let target) = draft.content {
                try Self.purge(target, by: draft.account, in: draft.conversation, db)
            }
        }
        if goesOut {
            let entry = NewOutboxEntry(
                message: message, account: draft.peerAccount, peer: draft.peer, device: nil,
                usesOneTimeKeys: draft.usesOneTimeKeys, receivers: draft.group?.receivers)
            try Self.enqueue(entry, cipher, db)
        }
        return message
    }

    static func enqueue(_ entry: NewOutboxEntry, _ cipher: StoreCipher, _ db: Database) throws {
        let hash = entry.message.hash
        try db.execute(
            sql:
                "INSERT INTO outbox (hash, account, peer, device, uses_one_time, message, receivers) VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                Data(hash.bytes), Data(entry.account.bytes), entry.peer, entry.device.map { Data($0.bytes) },
                entry.usesOneTimeKeys, try cipher.seal(entry.message.bytes, column: "outbox", row: hash.bytes),
                entry.receivers.map { Data($0.flatMap(\.bytes)) },
            ])
    }

    /// The first one behind this position.
    func outboxEntry(after position: Int64) async throws -> OutboxEntry? {
        try await read { [cipher] db in
            let row = try Row.fetchOne(
                db, sql: "SELECT * FROM outbox WHERE position > ? ORDER BY position LIMIT 1", arguments: [position])
            guard let row else { return nil }
            guard let hash = MessageHash(row["hash"] as Data), let account = AccountID(row["account"] as Data) else {
                throw MessengerError.store("the outbox is damaged")
            }
            let bytes = try cipher.open(row["message"] as Data, column: "outbox", row: hash.bytes)
            return OutboxEntry(
                position: row["position"], message: try Message(bytes), hash: hash, account: account, peer: row["peer"],
                device: (row["device"] as Data?).flatMap { DeviceFingerprint($0) }, usesOneTimeKeys: row["uses_one_time"],
                attempt: row["attempt"], batch: (row["batch"] as Data?).map { Array($0) },
                receivers: (row["receivers"] as Data?).map(Self.accounts), part: row["part"],
                sealedFor: Self.slots(row["envelopes"]).map(\.account))
        }
    }

    func outboxCount() async throws -> Int {
        try await read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM outbox") ?? 0 }
    }

    /// Keeps what was sealed, before it goes out for the first time.
    func keep(_ batch: [UInt8], slots: [SentSlots], for entry: OutboxEntry) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE outbox SET batch = ?, envelopes = ? WHERE position = ?",
                arguments: [Data(batch), Data(ByteList.bytes(slots.map(\.bytes))), entry.position])
        }
    }

    /// The keys were stale: what was sealed is forgotten, the message is not.
    func sealAnew(_ entry: OutboxEntry) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE outbox SET batch = NULL, envelopes = NULL, attempt = attempt + 1 WHERE position = ?",
                arguments: [entry.position])
        }
    }

    /// The server has it. What is needed to answer those who ask again stays for 14 days.
    func accept(_ entry: OutboxEntry, now: UInt64) async throws {
        try await write { db in
            try Self.remember(entry, now: now, db)
            try Self.finish(entry, .accepted, db)
            try db.execute(sql: "UPDATE contact SET written = 1 WHERE account = ?", arguments: [Data(entry.account.bytes)])
        }
    }

    /// For whom it was sealed, so that those who ask again can be answered.
    static func remember(_ entry: OutboxEntry, now: UInt64, _ db: Database) throws {
        let envelopes = try Data.fetchOne(db, sql: "SELECT envelopes FROM outbox WHERE position = ?", arguments: [entry.position])
        for slots in slots(envelopes) {
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO sent_envelope (envelope, message, account, devices, time) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    Data(slots.envelope.bytes), Data(entry.hash.bytes), Data(slots.account.bytes),
                    Data(slots.devices.flatMap(\.bytes)), Int64(now),
                ])
        }
    }

    private static func slots(_ bytes: Data?) -> [SentSlots] {
        (bytes.flatMap { ByteList.items(Array($0)) } ?? []).compactMap { SentSlots($0) }
    }

    private static func accounts(_ bytes: Data) -> [AccountID] {
        stride(from: 0, to: bytes.count, by: AccountID.byteCount).compactMap {
            AccountID(bytes.dropFirst($0).prefix(AccountID.byteCount))
        }
    }

    func refuse(_ entry: OutboxEntry) async throws {
        try await write { db in try Self.finish(entry, .refused(""), db) }
    }

    static func finish(_ entry: OutboxEntry, _ delivery: Delivery, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM outbox WHERE position = ?", arguments: [entry.position])
        try db.execute(
            sql: "UPDATE message SET delivery = ? WHERE hash = ? AND is_mine = 1 AND delivery = 0",
            arguments: [delivery.stored, Data(entry.hash.bytes)])
    }
}

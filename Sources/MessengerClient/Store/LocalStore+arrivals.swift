import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCrypto

extension LocalStore {
    /// The slot was there, and the key or what it was to open was not.
    private static let asksAgain: Set<EnvelopeCheck> = [.keyGone, .keyEncapsulation, .commitment, .body]

    func known(_ envelopes: [[UInt8]], by opener: EnvelopeOpener) async throws -> KnownEnvelopes {
        let ids = Set(envelopes.compactMap { try? opener.keyID(of: $0) })
        let hashes = envelopes.map { EnvelopeHash(of: $0) }
        return try await read { [cipher] db in
            let remembered = try hashes.filter { hash in
                try Bool.fetchOne(
                    db, cachedSQL: "SELECT EXISTS (SELECT 1 FROM remembered WHERE envelope = ?)",
                    arguments: [Data(hash.bytes)]) == true
            }
            var keys: [KeyID: KEMPrivateKey] = [:]
            for id in ids { keys[id] = try Self.privateKey(id, suite: opener.suite, cipher, db) }
            return KnownEnvelopes(remembered: Set(remembered), keys: keys)
        }
    }

    /// Stores what came and what it obliges to, remembers the envelopes, destroys the one-time keys that opened them, and counts
    /// them: all or nothing. Only after this, and after `forgetTraces`, may they be acknowledged.
    func store(_ arrivals: [(arrival: Arrival, number: MessageNumber)], now: UInt64) async throws -> [StoredArrival] {
        try await write { [cipher] db in
            let stored = try arrivals.map { try Self.store($0.arrival, now: now, cipher, db) }
            if let last = arrivals.last { try Self.raise(Self.storedThroughSetting, to: last.number.rawValue, cipher, db) }
            return stored
        }
    }

    private static func store(
        _ arrival: Arrival, now: UInt64, _ cipher: StoreCipher, _ db: Database
    ) throws -> StoredArrival {
        var stored = StoredArrival()
        switch arrival {
        case .nothing(let envelope): try remember(envelope, db)
        case .missed(let envelope, let sender):
            try remember(envelope, db)
            try note(Question(envelope: envelope, sender: sender), now: now, db)
        case .failed(let check, let envelope, let sender, let sent):
            // The same bytes may have come twice in a row.
            guard try remember(envelope, db) else { return stored }
            stored.position = try insertFailure(check, sender: sender, sent: sent, db)
            stored.findings = [check]
            if let envelope, asksAgain.contains(check) { try note(Question(envelope: envelope, sender: sender), now: now, db) }
        case .opened(let arrival): stored = try take(arrival, now: now, cipher, db)
        }
        return stored
    }

    /// False when it was remembered before.
    @discardableResult
    private static func remember(_ envelope: EnvelopeHash?, _ db: Database) throws -> Bool {
        guard let envelope else { return true }
        try db.execute(cachedSQL: "INSERT OR IGNORE INTO remembered (envelope) VALUES (?)", arguments: [Data(envelope.bytes)])
        return db.changesCount > 0
    }

    /// In the conversation with whomever the server names, or apart when that is unknown.
    private static func insertFailure(
        _ check: EnvelopeCheck, sender: String, sent: UInt64, _ db: Database
    ) throws -> HistoryPosition {
        let known = try Data.fetchOne(
            db, sql: "SELECT conversation FROM message WHERE peer = ? AND in_group = 0 ORDER BY position DESC LIMIT 1",
            arguments: [sender])
        try db.execute(
            sql: """
                INSERT INTO message (conversation, peer, type, sent, is_mine, is_incoming, findings) VALUES (?, ?, 0, ?, 0, 1, ?)
                """, arguments: [known ?? Data(ConversationID.zero.bytes), sender, Int64(clamping: sent), Data([check.rawValue])])
        return HistoryPosition(rawValue: db.lastInsertedRowID)
    }

    private static func take(
        _ arrival: OpenedArrival, now: UInt64, _ cipher: StoreCipher, _ db: Database
    ) throws -> StoredArrival {
        let opened = arrival.opened
        let message = opened.message
        let hash = message.hash
        var stored = StoredArrival(sender: message.fromAccount)
        try remember(opened.envelope, db)
        try db.execute(cachedSQL: "DELETE FROM private_key WHERE id = ? AND kind = 2", arguments: [Data(opened.keyID.bytes)])
        stored.usedOneTimeKey = db.changesCount > 0
        guard try !exists(hash, db) else { return stored }
        let group = try arrival.group.map { try take($0, from: arrival, cipher, db) }
        if group?.isChanged == true { stored.changedGroup = arrival.group?.group }
        stored.findings = try findings(arrival, in: group?.conversation ?? arrival.conversation, hash, db)
        if arrival.applies(stored.findings), let content = arrival.content {
            try nameKey(message, db)
            try apply(content, message, arrival, &stored, now: now, db)
        }
        guard arrival.content.map({ $0.isShown || $0.target != nil }) ?? true else { return stored }
        let row = NewMessage(
            message: message, hash: hash, peer: arrival.peer, isInGroup: arrival.group?.isInGroup == true,
            target: arrival.content?.target, isMine: arrival.isMine, isIncoming: true, delivery: .accepted,
            owesReceipt: arrival.owesReceipt && arrival.content?.wantsReceipt == true, findings: stored.findings)
        stored.position = try insert(row, cipher, db)
        if group?.isUnsettled == true { try noteUnsettled(hash, message, db) }
        try purgeIfDeleted(hash, message, db)
        return stored
    }

    private static func exists(_ hash: MessageHash, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, cachedSQL: "SELECT EXISTS (SELECT 1 FROM message WHERE hash = ?)", arguments: [Data(hash.bytes)]) ?? false
    }

    /// E10 to E18, less what does not apply to a message that was sent again to one device alone.
    private static func findings(
        _ arrival: OpenedArrival, in conversation: Conversation, _ hash: MessageHash, _ db: Database
    ) throws -> [EnvelopeCheck] {
        let message = arrival.opened.message
        let known = try Data.fetchOne(
            db, cachedSQL: "SELECT hash FROM message WHERE account = ? AND id = ?",
            arguments: [Data(message.fromAccount.bytes), Data(message.id.bytes)])
        var sequence = try sequence(of: message, db)
        var findings = arrival.opened.findings
        if message.flags.contains(.sentAgain) { findings.removeAll { $0 == .deviceList } }
        findings += MessageChecks.findings(
            for: message, in: conversation, knownHash: known.flatMap { MessageHash($0) }, sequence: &sequence,
            log: arrival.log)
        try save(sequence, of: message, db)
        if arrival.content == nil, !findings.contains(.content) { findings.append(.content) }
        return findings
    }

    private static func sequence(of message: Message, _ db: Database) throws -> MessageSequence {
        let bytes = try Data.fetchOne(
            db, cachedSQL: "SELECT state FROM sequence WHERE device = ? AND conversation = ?",
            arguments: [Data(message.fromDevice.bytes), Data(message.conversation.bytes)])
        return bytes.flatMap { MessageSequence(stored: Array($0)) } ?? MessageSequence()
    }

    private static func save(_ sequence: MessageSequence, of message: Message, _ db: Database) throws {
        try db.execute(
            cachedSQL: "INSERT OR REPLACE INTO sequence (device, conversation, state) VALUES (?, ?, ?)",
            arguments: [
                Data(message.fromDevice.bytes), Data(message.conversation.bytes), Data(sequence.storedBytes),
            ])
    }

    /// From now on nothing is sealed to an older rotating key of the sending device.
    private static func nameKey(_ message: Message, _ db: Database) throws {
        try db.execute(
            cachedSQL: """
                INSERT INTO named_key (device, created) VALUES (?, ?)
                ON CONFLICT (device) DO UPDATE SET created = max(created, excluded.created)
                """, arguments: [Data(message.fromDevice.bytes), Int64(clamping: message.newestKeyCreated)])
    }

    private static func apply(
        _ content: MessageContent, _ message: Message, _ arrival: OpenedArrival, _ stored: inout StoredArrival, now: UInt64,
        _ db: Database
    ) throws {
        switch content {
        case .timer(let seconds): try setTimer(seconds, by: message, db)
        case .delete(let target): try purge(target, by: message.fromAccount, in: message.conversation, db)
        case .receipt(let delivered, let read) where !arrival.isMine:
            for (hashes, delivery) in [(delivered, Delivery.delivered), (read, .read)] {
                for hash in hashes
                where try raise(hash, to: delivery, in: message.conversation, db)
                    || raiseInGroup(hash, to: delivery, by: message.fromAccount, db)
                {
                    stored.receipts.append(hash)
                }
            }
        case .askAgain(let envelope):
            let asked = AskedAgain(
                envelope: envelope, device: message.fromDevice, account: message.fromAccount, peer: arrival.peer)
            try note(asked, now: now, db)
        default: break
        }
    }

    private static func raise(
        _ hash: MessageHash, to delivery: Delivery, in conversation: ConversationID, _ db: Database
    ) throws -> Bool {
        try db.execute(
            sql: "UPDATE message SET delivery = ? WHERE hash = ? AND conversation = ? AND is_mine = 1 AND delivery < ?",
            arguments: [delivery.stored, Data(hash.bytes), Data(conversation.bytes), delivery.stored])
        return db.changesCount > 0
    }

    /// It is looked at again once more changes of its group have come.
    private static func noteUnsettled(_ hash: MessageHash, _ message: Message, _ db: Database) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO group_unsettled (message, conversation, state, epoch) VALUES (?, ?, ?, ?)",
            arguments: [
                Data(hash.bytes), Data(message.conversation.bytes), Data(message.groupState.bytes), Int64(message.groupEpoch),
            ])
    }

    /// The deletion may have come first.
    private static func purgeIfDeleted(_ hash: MessageHash, _ message: Message, _ db: Database) throws {
        let isDeleted = try Bool.fetchOne(
            db, cachedSQL: "SELECT EXISTS (SELECT 1 FROM message WHERE target = ? AND account = ? AND type = ?)",
            arguments: [Data(hash.bytes), Data(message.fromAccount.bytes), MessageType.delete.rawValue])
        if isDeleted == true { try purge(hash, by: message.fromAccount, in: message.conversation, db) }
    }
}

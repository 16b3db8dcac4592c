import Foundation
import GRDB
import KeyLog
import MessengerCrypto

/// What a message changed about a group, and what it is checked against.
struct GroupOutcome {
    let conversation: Conversation
    /// The sender's state is not known here yet.
    var isUnsettled = false
    var isChanged = false
}

extension LocalStore {
    /// Takes the changes that a message carries, notes what is owed for it, and says what the message is to be checked against.
    static func take(
        _ news: GroupArrival, from arrival: OpenedArrival, _ cipher: StoreCipher, _ db: Database
    ) throws -> GroupOutcome {
        let message = arrival.opened.message
        let before = try group(news.group, cipher, db)
        var isChanged = false
        if !arrival.opened.isFromRemovedDevice, news.saysSomething {
            isChanged = try apply(news, from: arrival, before, cipher, db)
        }
        guard news.isInGroup else { return GroupOutcome(conversation: arrival.conversation, isChanged: isChanged) }
        let after = try group(news.group, cipher, db)
        let isKnown = try isKnown(message, db)
        var accounts = Set(after?.state.members.map(\.account) ?? [])
        // Who says that he leaves is in it no more.
        if message.type == .group { accounts.formUnion(before?.state.members.map(\.account) ?? []) }
        let conversation = Conversation(
            group: news.group, accounts: accounts, epoch: isKnown ? message.groupEpoch : after?.state.epoch ?? 0,
            state: isKnown ? message.groupState : after?.state.hash ?? .zero)
        if !arrival.opened.isFromRemovedDevice {
            try noteQuestion(news, about: arrival, after, isKnown: isKnown, db)
        }
        return GroupOutcome(
            conversation: conversation, isUnsettled: !isKnown && arrival.content != nil, isChanged: isChanged)
    }

    /// False when nothing changed.
    private static func apply(
        _ news: GroupArrival, from arrival: OpenedArrival, _ before: StoredGroup?, _ cipher: StoreCipher, _ db: Database
    ) throws -> Bool {
        let sender = arrival.opened.message.fromAccount
        let kept = try changes(of: news.group, db)
        // Nobody becomes a member by what a removed device signed: whoever has taken the device would let himself in.
        let trusted = news.changes.filter { kept.isEmpty || !news.fromRemovedDevices.contains(GroupChangeHash(of: $0.object)) }
        guard let trial = GroupRecord(id: news.group, changes: kept + trusted, name: before?.name) else { return false }
        let isFromMember = before?.state.role(of: sender) != nil || trial.state.role(of: sender) != nil
        guard isFromMember || trial.hasEverListed(sender) else { return false }
        let taken = news.changes.filter {
            isFromMember || !news.fromRemovedDevices.contains(GroupChangeHash(of: $0.object))
        }
        guard var record = GroupRecord(id: news.group, changes: kept.isEmpty ? taken : kept, name: before?.name) else {
            return false
        }
        var added = record.add(taken)
        if kept.isEmpty { added = Array(record.changes.keys) }
        // A group that one is not in begins with being added.
        guard before != nil || record.state.role(of: news.me) != nil else { return false }
        let isRenamed = news.name.map { isFromMember && record.take($0) } ?? false
        if !added.isEmpty || isRenamed { try save(record, added: added, me: news.me, cipher, db) }
        if before != nil, record.state.role(of: news.me) != nil, !record.changes(of: news.device, beside: added).isEmpty {
            try owe(.announcement, news.group, to: news.me, named: "", hashes: added, db)
        }
        if let have = news.have { try compare(have, record, news, arrival, db) }
        return !added.isEmpty || isRenamed
    }

    /// What a member has, beside what is here.
    private static func compare(
        _ have: [GroupChangeHash], _ record: GroupRecord, _ news: GroupArrival, _ arrival: OpenedArrival, _ db: Database
    ) throws {
        let sender = arrival.opened.message
        if have.allSatisfy({ record.changes[$0] != nil }) {
            try knowStates(of: sender.fromDevice, in: news.group, db)
            try settle(record.state, db)
        }
        try db.execute(
            sql: "UPDATE group_asked SET is_open = 0 WHERE conversation = ? AND device = ?",
            arguments: [Data(news.group.bytes), Data(sender.fromDevice.bytes)])
        guard record.state.role(of: sender.fromAccount) != nil else { return }
        guard news.isAsked || !news.asksAnother && !record.lacking(have).isEmpty else { return }
        let name = arrival.isMine ? news.username : arrival.peer
        try owe(.answer, news.group, to: sender.fromAccount, named: name, hashes: have, db)
    }

    // MARK: What is owed

    /// Whoever is at a state that is not known here is asked. Whoever is at an older one is told by one device alone: the one that
    /// made the newest change, or those of the first admin when its author has gone.
    private static func noteQuestion(
        _ news: GroupArrival, about arrival: OpenedArrival, _ group: StoredGroup?, isKnown: Bool, _ db: Database
    ) throws {
        let message = arrival.opened.message
        if isKnown {
            guard let group, message.groupState != group.state.hash, group.state.role(of: message.fromAccount) != nil,
                try tellsOthers(news, of: group.state, db)
            else { return }
        }
        try db.execute(
            sql: "INSERT OR IGNORE INTO group_asked (conversation, device, state, time, is_open) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Data(news.group.bytes), Data(message.fromDevice.bytes), Data(message.groupState.bytes), Int64(clamping: news.now),
                !isKnown,
            ])
        guard db.changesCount > 0 else { return }
        let name = arrival.isMine ? news.username : arrival.peer
        try owe(.question, news.group, to: message.fromAccount, named: name, device: message.fromDevice, hashes: [], db)
    }

    private static func tellsOthers(_ news: GroupArrival, of state: GroupState, _ db: Database) throws -> Bool {
        let head = try Data.fetchOne(
            db, sql: "SELECT bytes FROM group_change WHERE hash = ?", arguments: [Data(state.head.bytes)]
        )
        .flatMap { Signed<GroupChange>(Array($0)) }
        if let head, state.role(of: head.object.author) != nil { return head.object.device == news.device }
        return state.members.first { $0.role == .admin }?.account == news.me
    }

    private static func owe(
        _ kind: GroupDebt.Kind, _ group: ConversationID, to account: AccountID, named peer: String,
        device: DeviceFingerprint? = nil, hashes: [GroupChangeHash], _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO group_debt (kind, conversation, account, peer, device, hashes) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                kind.rawValue, Data(group.bytes), Data(account.bytes), peer, device.map { Data($0.bytes) },
                Data(hashes.flatMap(\.bytes)),
            ])
    }

    // MARK: Receipts

    /// A member has, or has read, a message of one's own: it counts as the one who is furthest behind. True when that changed.
    static func raiseInGroup(_ hash: MessageHash, to delivery: Delivery, by account: AccountID, _ db: Database) throws -> Bool {
        let own = try Row.fetchOne(
            db, sql: "SELECT account, conversation FROM message WHERE hash = ? AND is_mine = 1 AND in_group = 1",
            arguments: [Data(hash.bytes)])
        guard let own else { return false }
        var receivers = try Data.fetchSet(
            db, sql: "SELECT account FROM sent_envelope WHERE message = ?", arguments: [Data(hash.bytes)])
        if receivers.isEmpty {
            // Another device of one's own sent it.
            let bytes = try Data.fetchOne(
                db, sql: "SELECT state FROM group_chat WHERE id = ?", arguments: [own["conversation"] as Data])
            let id = ConversationID(own["conversation"] as Data)
            let state = id.flatMap { id in bytes.flatMap { GroupState(id: id, stored: Array($0)) } }
            receivers = Set((state?.members ?? []).map { Data($0.account.bytes) })
        }
        receivers.remove(own["account"] as Data)
        guard receivers.contains(Data(account.bytes)) else { return false }
        try db.execute(
            sql: """
                INSERT INTO group_receipt (message, account, delivery) VALUES (?, ?, ?)
                ON CONFLICT (message, account) DO UPDATE SET delivery = max(delivery, excluded.delivery)
                """, arguments: [Data(hash.bytes), Data(account.bytes), delivery.stored])
        var least = Delivery.read.stored
        for receiver in receivers {
            let heard = try Int.fetchOne(
                db, sql: "SELECT delivery FROM group_receipt WHERE message = ? AND account = ?",
                arguments: [Data(hash.bytes), receiver])
            least = min(least, heard ?? 0)
        }
        try db.execute(
            sql: "UPDATE message SET delivery = ? WHERE hash = ? AND delivery < ?", arguments: [least, Data(hash.bytes), least])
        return db.changesCount > 0
    }
}

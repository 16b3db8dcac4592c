import Foundation
import GRDB
import KeyLog
import MessengerCrypto

/// Groups as they are kept.
extension LocalStore {
    // MARK: Reading

    func groups() async throws -> [StoredGroup] {
        try await read { [cipher] db in
            try Row.fetchAll(db, sql: "SELECT * FROM group_chat").compactMap { try Self.group($0, cipher) }
        }
    }

    func group(_ id: ConversationID) async throws -> StoredGroup? {
        try await read { [cipher] db in try Self.group(id, cipher, db) }
    }

    /// With all of its changes; nil when it is not known here.
    func groupRecord(_ id: ConversationID) async throws -> GroupRecord? {
        try await read { [cipher] db in try Self.record(id, cipher, db) }
    }

    /// Which of these changes are here already, and so were verified before.
    func knownChanges(_ hashes: [GroupChangeHash]) async throws -> Set<GroupChangeHash> {
        try await read { db in
            try Set(
                hashes.filter { hash in
                    try Bool.fetchOne(
                        db, sql: "SELECT EXISTS (SELECT 1 FROM group_change WHERE hash = ?)", arguments: [Data(hash.bytes)])
                        ?? false
                })
        }
    }

    /// The names of accounts that were verified here once, or came out of a backup.
    func usernames(of accounts: some Sequence<AccountID> & Sendable) async throws -> [AccountID: String] {
        try await read { db in
            var names: [AccountID: String] = [:]
            for account in accounts {
                names[account] = try String.fetchOne(
                    db,
                    sql: """
                        SELECT username FROM account WHERE id = ? UNION ALL SELECT username FROM contact WHERE account = ? LIMIT 1
                        """, arguments: [Data(account.bytes), Data(account.bytes)])
            }
            return names
        }
    }

    static func group(_ id: ConversationID, _ cipher: StoreCipher, _ db: Database) throws -> StoredGroup? {
        try Row.fetchOne(db, sql: "SELECT * FROM group_chat WHERE id = ?", arguments: [Data(id.bytes)])
            .flatMap { try group($0, cipher) }
    }

    private static func group(_ row: Row, _ cipher: StoreCipher) throws -> StoredGroup? {
        guard let id = ConversationID(row["id"] as Data), let state = GroupState(id: id, stored: Array(row["state"] as Data))
        else { throw MessengerError.store("a group is damaged") }
        let name = try (row["name"] as Data?).map { try cipher.open($0, column: "group", row: id.bytes) }
        return StoredGroup(state: state, name: name.flatMap { Signed($0) }, isMember: row["is_member"])
    }

    static func record(_ id: ConversationID, _ cipher: StoreCipher, _ db: Database) throws -> GroupRecord? {
        guard let group = try group(id, cipher, db) else { return nil }
        return GroupRecord(id: id, changes: try changes(of: id, db), name: group.name)
    }

    static func changes(of id: ConversationID, _ db: Database) throws -> [Signed<GroupChange>] {
        try Data.fetchAll(db, sql: "SELECT bytes FROM group_change WHERE conversation = ?", arguments: [Data(id.bytes)])
            .compactMap { Signed(Array($0)) }
    }

    // MARK: Writing

    /// Keeps a group after changes that were added to it, and what follows from them for messages that came before.
    static func save(
        _ record: GroupRecord, added: [GroupChangeHash], me: AccountID, _ cipher: StoreCipher, _ db: Database
    ) throws {
        let id = Data(record.id.bytes)
        for hash in added {
            guard let change = record.changes[hash] else { continue }
            try db.execute(
                sql: "INSERT OR IGNORE INTO group_change (hash, conversation, bytes) VALUES (?, ?, ?)",
                arguments: [Data(hash.bytes), id, Data(change.bytes)])
        }
        let wasMember = try Bool.fetchOne(db, sql: "SELECT is_member FROM group_chat WHERE id = ?", arguments: [id])
        let isMember = record.state.role(of: me) != nil
        let name = try record.name.map { try cipher.seal($0.bytes, column: "group", row: record.id.bytes) }
        try db.execute(
            sql: "INSERT OR REPLACE INTO group_chat (id, state, name, is_member) VALUES (?, ?, ?, ?)",
            arguments: [id, Data(record.state.storedBytes), name, isMember])
        if let wasMember, wasMember != isMember {
            // What was written while one was out leaves no gap.
            try db.execute(sql: "DELETE FROM sequence WHERE conversation = ?", arguments: [id])
        }
        for state in [record.state] + record.branchStates(of: added) { try know(state, db) }
        try settle(record.state, db)
    }

    /// A state that messages may name without being flagged.
    static func know(_ state: GroupState, _ db: Database) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO group_state (conversation, state, epoch) VALUES (?, ?, ?)",
            arguments: [Data(state.id.bytes), Data(state.hash.bytes), Int64(state.epoch)])
    }

    /// This device has nothing that is not here: so the states that it named were made of what is here.
    static func knowStates(of device: DeviceFingerprint, in group: ConversationID, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO group_state (conversation, state, epoch)
                SELECT u.conversation, u.state, u.epoch FROM group_unsettled u JOIN message m ON m.hash = u.message
                WHERE u.conversation = ? AND m.device = ?
                """, arguments: [Data(group.bytes), Data(device.bytes)])
    }

    static func isKnown(_ message: Message, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM group_state WHERE conversation = ? AND state = ? AND epoch = ?)",
            arguments: [Data(message.conversation.bytes), Data(message.groupState.bytes), Int64(message.groupEpoch)]) ?? false
    }

    /// Messages that came before the changes they go by are flagged no longer.
    static func settle(_ state: GroupState, _ db: Database) throws {
        let id = Data(state.id.bytes)
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT m.hash, m.findings, m.account, m.type, m.target FROM group_unsettled u JOIN message m ON m.hash = u.message
                JOIN group_state s ON s.conversation = u.conversation AND s.state = u.state AND s.epoch = u.epoch
                WHERE u.conversation = ?
                """, arguments: [id])
        for row in rows {
            let author = (row["account"] as Data?).flatMap { AccountID($0) }
            var findings = (row["findings"] as Data).compactMap { EnvelopeCheck(rawValue: $0) }
            findings.removeAll { $0 == .content }
            if let author, state.role(of: author) != nil { findings.removeAll { $0 == .conversation } }
            let hash = row["hash"] as Data
            try db.execute(
                sql: "UPDATE message SET findings = ? WHERE hash = ?", arguments: [Data(findings.map(\.rawValue)), hash])
            try db.execute(sql: "DELETE FROM group_unsettled WHERE message = ?", arguments: [hash])
            let isDeletion = (row["type"] as Int) == Int(MessageType.delete.rawValue)
            if isDeletion, findings.isEmpty, let author, let target = (row["target"] as Data?).flatMap({ MessageHash($0) }) {
                try purge(target, by: author, in: state.id, db)
            }
        }
        try db.execute(
            sql: """
                UPDATE group_asked SET is_open = 0 WHERE conversation = ? AND is_open = 1
                AND state IN (SELECT state FROM group_state WHERE conversation = ?)
                """, arguments: [id, id])
    }
}

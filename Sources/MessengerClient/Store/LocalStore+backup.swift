import Foundation
import GRDB
import KeyLog
import MessengerCrypto

extension LocalStore {
    /// Messages behind this position, oldest first, as a backup holds them.
    func backupMessages(
        after position: Int64, limit: Int
    ) async throws -> (records: [BackupRecord], last: Int64)? {
        try await read { [cipher] db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT position, hash, peer, is_mine, findings, body FROM message
                    WHERE position > ? AND body IS NOT NULL ORDER BY position LIMIT ?
                    """, arguments: [position, limit])
            guard let last = rows.last?["position"] as Int64? else { return nil }
            let records = try rows.compactMap { row -> BackupRecord? in
                guard let hash = MessageHash(row["hash"] as Data) else { return nil }
                return .message(
                    peer: row["peer"], message: try cipher.open(row["body"] as Data, column: "message", row: hash.bytes),
                    findings: Array(row["findings"] as Data), isMine: row["is_mine"])
            }
            return (records, last)
        }
    }

    func rememberedEnvelopes() async throws -> [EnvelopeHash] {
        try await read { db in
            try Data.fetchAll(db, sql: "SELECT envelope FROM remembered").compactMap { EnvelopeHash($0) }
        }
    }

    /// So many messages find room before those that are here.
    private static let room: Int64 = 1 << 40

    /// What is brought back comes after this position, and stands before everything that is here.
    func positionBeforeHistory() async throws -> HistoryPosition {
        try await read { db in
            let first = try Int64.fetchOne(db, sql: "SELECT min(position) FROM message") ?? 1
            return HistoryPosition(rawValue: min(first, 1) - Self.room)
        }
    }

    /// Takes what is not here yet, at the positions after this one. How many messages were, and the last position.
    func restore(
        _ records: [BackupRecord], labels: [String: NameLabel], after position: HistoryPosition, me: AccountID, now: UInt64
    ) async throws -> (count: Int, last: HistoryPosition) {
        try await write { [cipher] db in
            var count = 0
            for record in records {
                switch record {
                case .message(let peer, let bytes, let findings, let isMine):
                    guard let message = try? Message(bytes) else { continue }
                    let hash = message.hash
                    let isKnown = try Bool.fetchOne(
                        db, sql: "SELECT EXISTS (SELECT 1 FROM message WHERE hash = ?)", arguments: [Data(hash.bytes)])
                    guard isKnown != true else { continue }
                    let row = NewMessage(
                        message: message, hash: hash, peer: peer, isInGroup: message.groupState != .zero,
                        target: MessageContent(message)?.target, isMine: isMine,
                        isIncoming: false, delivery: .accepted, owesReceipt: false,
                        findings: findings.compactMap { EnvelopeCheck(rawValue: $0) }, restored: now)
                    count += 1
                    let place = HistoryPosition(rawValue: position.rawValue + Int64(count))
                    _ = try Self.insert(row, at: place, cipher, db)
                case .contact(let username, let account, let isVerified):
                    guard let label = labels[username] else { continue }
                    // Who has written since is known already, though not as verified.
                    try db.execute(
                        sql: """
                            INSERT INTO contact (name, username, account, verified) VALUES (?, ?, ?, ?)
                            ON CONFLICT (name) DO UPDATE SET verified = 1
                                WHERE account = excluded.account AND excluded.verified
                            """,
                        arguments: [Data(label.bytes), username, Data(account.bytes), isVerified])
                case .groupChange(let id, let change): try Self.restore(id, [change], nil, me: me, cipher, db)
                case .groupName(let name): try Self.restore(name.object.group, [], name, me: me, cipher, db)
                case .remembered(let hash):
                    try db.execute(sql: "INSERT OR IGNORE INTO remembered (envelope) VALUES (?)", arguments: [Data(hash.bytes)])
                }
            }
            return (count, HistoryPosition(rawValue: position.rawValue + Int64(count)))
        }
    }

    /// All groups: of each the names of its members, the changes, oldest first, and its name.
    func backupGroups() async throws -> [BackupRecord] {
        try await read { [cipher] db in
            try Data.fetchAll(db, sql: "SELECT id FROM group_chat").compactMap { ConversationID($0) }.flatMap { id in
                guard let record = try Self.record(id, cipher, db) else { return [] as [BackupRecord] }
                return try Self.backupPeople(in: record, db) + record.ordered.map { .groupChange(id, $0) }
                    + (record.name.map { [.groupName($0)] } ?? [])
            }
        }
    }

    /// A device that comes later can look its members up by these names alone.
    private static func backupPeople(in record: GroupRecord, _ db: Database) throws -> [BackupRecord] {
        try record.state.members.compactMap { member in
            let sql = "SELECT username FROM account WHERE id = ?"
            return try String.fetchOne(db, sql: sql, arguments: [Data(member.account.bytes)]).map {
                .contact(username: $0, account: member.account, isVerified: false)
            }
        }
    }

    /// They were verified by the device that wrote the backup.
    private static func restore(
        _ id: ConversationID, _ changes: [Signed<GroupChange>], _ name: Signed<GroupName>?, me: AccountID, _ cipher: StoreCipher,
        _ db: Database
    ) throws {
        let known = try record(id, cipher, db)
        guard var record = known ?? GroupRecord(id: id, changes: changes) else { return }
        var added = record.add(changes)
        if known == nil { added = Array(record.changes.keys) }
        if let name { _ = record.take(name) }
        try save(record, added: added, me: me, cipher, db)
    }
}

import Foundation
import GRDB
import KeyLog
import MessengerCrypto

extension LocalStore {
    /// Puts a message in a group into the outbox, in the state that the group has here. Throws `notFound` for a group that is not
    /// known here, and `invalid` for one that this account is not in.
    /// - Parameter upload: the one that the message is about, forgotten with it. Throws `MessengerError.notFound` when it is gone.
    func enqueue(
        _ draft: OutgoingDraft, in group: ConversationID, finishing upload: PendingUpload.ID? = nil
    ) async throws -> Message {
        try await write { [cipher] db in
            guard let stored = try Self.group(group, cipher, db) else { throw MessengerError.notFound }
            guard stored.isMember else { throw MessengerError.notInGroup(stored.title) }
            var draft = draft
            draft.group = GroupDestination(stored.state)
            if let upload { try Self.finish(upload, db) }
            return try Self.enqueue(draft, goesOut: true, cipher, db)
        }
    }

    /// Changes a group and puts into the outbox what others are to hear of it: all or nothing.
    ///
    /// - Parameter plan: what is to be done to the group as it is now; nil for nothing.
    func change(
        _ id: ConversationID?, me: AccountID, _ plan: @escaping @Sendable (GroupRecord?) throws -> GroupStep?
    ) async throws -> ConversationID? {
        try await write { [cipher] db in
            let record = try id.flatMap { try Self.record($0, cipher, db) }
            if id != nil, record == nil { throw MessengerError.notFound }
            guard let step = try plan(record) else { return id }
            guard var next = record ?? GroupRecord(id: step.group, changes: step.changes) else { return nil }
            var added = next.add(step.changes)
            if record == nil { added = Array(next.changes.keys) }
            if let name = step.name { _ = next.take(name) }
            try Self.save(next, added: added, me: me, cipher, db)
            for draft in step.beforehand { _ = try Self.enqueue(draft, goesOut: true, cipher, db) }
            var draft = step.announcement
            let isLeaving = next.state.role(of: me) == nil
            draft.group = isLeaving ? GroupDestination(next.state, leaving: me) : GroupDestination(next.state)
            _ = try Self.enqueue(draft, goesOut: true, cipher, db)
            return step.group
        }
    }

    // MARK: What is owed

    func groupDebts(limit: Int) async throws -> [GroupDebt] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM group_debt ORDER BY position LIMIT ?", arguments: [limit]).compactMap {
                row in
                guard let kind = GroupDebt.Kind(rawValue: row["kind"]), let group = ConversationID(row["conversation"] as Data),
                    let account = AccountID(row["account"] as Data)
                else { return nil }
                let hashes = row["hashes"] as Data
                return GroupDebt(
                    position: row["position"], kind: kind, group: group, account: account, peer: row["peer"],
                    device: (row["device"] as Data?).flatMap { DeviceFingerprint($0) },
                    hashes: stride(from: 0, to: hashes.count, by: GroupChangeHash.byteCount).compactMap {
                        GroupChangeHash(hashes.dropFirst($0).prefix(GroupChangeHash.byteCount))
                    })
            }
        }
    }

    /// Puts into the outbox what settles a debt; nothing when somebody else has done so. Without drafts it is given up.
    ///
    /// - Parameter inGroup: to all members.
    func settle(_ debt: GroupDebt, with drafts: [OutgoingDraft], inGroup: [OutgoingDraft] = []) async throws {
        try await write { [cipher] db in
            try db.execute(sql: "DELETE FROM group_debt WHERE position = ?", arguments: [debt.position])
            guard db.changesCount > 0 else { return }
            for draft in drafts { _ = try Self.enqueue(draft, goesOut: true, cipher, db) }
            guard let stored = try Self.group(debt.group, cipher, db), stored.isMember else { return }
            for var draft in inGroup {
                draft.group = GroupDestination(stored.state)
                _ = try Self.enqueue(draft, goesOut: true, cipher, db)
            }
        }
    }

    // MARK: The outbox

    /// Whether somebody in this group was asked for changes after this time and has not answered.
    func awaitsChanges(of group: ConversationID, since time: UInt64) async throws -> Bool {
        try await read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM group_asked WHERE conversation = ? AND is_open = 1 AND time > ?)",
                arguments: [Data(group.bytes), Int64(clamping: time)]) ?? false
        }
    }

    /// These accounts get nothing of it: they are gone, or the server has stored it for them.
    func forget(_ accounts: Set<AccountID>, of entry: OutboxEntry) async throws {
        _ = try await write { db in try Self.forget(accounts, of: entry, db) }
    }

    /// The server has stored what was sealed; those who were not among its receivers still wait. True when none does.
    func acceptPart(_ entry: OutboxEntry, now: UInt64) async throws -> Bool {
        try await write { db in
            try Self.remember(entry, now: now, db)
            try db.execute(
                sql: "UPDATE message SET delivery = 1 WHERE hash = ? AND is_mine = 1 AND delivery = 0",
                arguments: [Data(entry.hash.bytes)])
            for account in entry.sealedFor {
                try db.execute(sql: "UPDATE contact SET written = 1 WHERE account = ?", arguments: [Data(account.bytes)])
            }
            return try Self.forget(Set(entry.sealedFor), of: entry, db)
        }
    }

    @discardableResult
    private static func forget(_ accounts: Set<AccountID>, of entry: OutboxEntry, _ db: Database) throws -> Bool {
        let rest = (entry.receivers ?? []).filter { !accounts.contains($0) }
        if rest.isEmpty {
            try finish(entry, .accepted, db)
            return true
        }
        try db.execute(
            sql: """
                UPDATE outbox SET receivers = ?, batch = NULL, envelopes = NULL, part = part + 1, attempt = 0 WHERE position = ?
                """, arguments: [Data(rest.flatMap(\.bytes)), entry.position])
        return false
    }
}

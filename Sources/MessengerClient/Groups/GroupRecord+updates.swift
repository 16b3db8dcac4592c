import KeyLog
import MessengerCrypto

extension GroupRecord {
    /// So much goes into one message; its content may have 65,180 bytes, names and base64 among them.
    private static let mostBytes = 30_000

    var title: String { name?.object.text ?? StoredGroup.title(of: id) }

    /// Everybody of whom a change speaks.
    var accounts: Set<AccountID> { GroupUpdate(changes: Array(changes.values)).accounts }

    /// These changes in messages that are not too long. Without changes one message comes, if it says something.
    ///
    /// - Parameters:
    ///   - says: whether the last message says what is here, and how the group is called.
    ///   - inGroup: for the group's own conversation.
    func updates(
        with changes: [Signed<GroupChange>], names: [AccountID: String], says: Bool, inGroup: Bool = false
    ) -> [GroupUpdate] {
        var updates: [GroupUpdate] = []
        var next = GroupUpdate(group: inGroup ? nil : id)
        var size = 0
        for change in changes {
            if size + change.bytes.count > Self.mostBytes {
                updates.append(next.naming(names))
                next.changes = []
                size = 0
            }
            next.changes.append(change)
            size += change.bytes.count
        }
        if says {
            if size + have.count * GroupChangeHash.byteCount > Self.mostBytes, !next.changes.isEmpty {
                updates.append(next.naming(names))
                next.changes = []
            }
            next.have = have
            next.name = name
        }
        if !next.changes.isEmpty || says { updates.append(next.naming(names)) }
        return updates
    }
}

extension GroupUpdate {
    fileprivate func naming(_ names: [AccountID: String]) -> GroupUpdate {
        var update = self
        update.people = accounts.compactMap { names[$0] }.sorted()
        return update
    }
}

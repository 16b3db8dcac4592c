import KeyLog

/// Who may do what in a group, and what comes of it.
enum GroupRules {
    /// The members after an action; nil when the author may not do it, or it would change nothing.
    static func members(
        _ members: [GroupMember], after action: GroupAction, role: GroupRole, by author: AccountID
    ) -> [GroupMember]? {
        guard let authorRole = members.first(where: { $0.account == author })?.role else { return nil }
        if action == .leave { return members.filter { $0.account != author } }
        guard authorRole == .admin, action != .create else { return nil }
        let subject = action.subject
        let others = members.filter { $0.account != subject }
        let isMember = others.count < members.count
        switch action {
        case .add: return isMember ? nil : others + [GroupMember(account: subject, role: role)]
        case .remove: return isMember && subject != author ? others : nil
        case .setRole:
            let changed = GroupMember(account: subject, role: role)
            return isMember && !members.contains(changed) ? others + [changed] : nil
        case .create, .leave: return nil
        }
    }

    /// Whether a change says what its action makes of a list of members.
    ///
    /// - Parameters:
    ///   - listed: as the change before it lists them.
    ///   - gone: of those, the ones whom a removal beside the main line has taken out. They change nothing any more.
    ///   - mayLack: those, and the ones whom a removal beside this change takes out. The author may know of it or not.
    static func isValid(
        _ change: GroupChange, after listed: [GroupMember], gone: Set<AccountID>, mayLack: Set<AccountID>
    ) -> Bool {
        guard !gone.contains(change.author) else { return false }
        // Whom the author knew to be gone is missing in the new list, or is added again by this very change.
        let kept = Set(change.members.map(\.account))
        let known = mayLack.filter { account in
            change.action == .add(account)
                || !kept.contains(account) && change.action != .remove(account)
                    && !(change.action == .leave && change.author == account)
        }
        let base = listed.filter { !known.contains($0.account) }
        let role = change.members.first { $0.account == change.action.subject }?.role ?? .member
        guard let list = members(base, after: change.action, role: role, by: change.author) else { return false }
        return list.sorted { $0.account < $1.account } == change.members
    }
}

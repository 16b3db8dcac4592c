import KeyLog
import MessengerCrypto

/// What a message did to a group, for people. Names are nil for accounts that this device could not look up.
public enum GroupEvent: Sendable, Hashable {
    case created
    case added(String?)
    case removed(String?)
    case left
    case role(String?, GroupRole)
    case renamed(String)
}

extension GroupUpdate {
    /// What its sender did himself: others' changes that it carries were told before.
    func events(by author: AccountID?, names: [AccountID: String]) -> [GroupEvent] {
        var events: [GroupEvent] = changes.filter { $0.object.author == author }.compactMap { signed in
            let change = signed.object
            switch change.action {
            case .create: return .created
            case .add(let account): return .added(names[account])
            case .remove(let account): return .removed(names[account])
            case .leave: return .left
            case .setRole(let account):
                return change.members.first { $0.account == account }.map { .role(names[account], $0.role) }
            }
        }
        if let name, name.object.author == author { events.append(.renamed(name.object.text)) }
        return events
    }

    /// Whom it speaks of.
    var accounts: Set<AccountID> {
        Set(changes.flatMap { change in [change.object.author] + change.object.members.map(\.account) + change.object.subjects })
    }
}

extension GroupChange {
    /// Whom its action names.
    var subjects: [AccountID] {
        switch action {
        case .add(let account), .remove(let account), .setRole(let account): [account]
        case .create, .leave: []
        }
    }
}

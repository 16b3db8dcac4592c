import KeyLog

/// What a group change does.
public enum GroupAction: Hashable, Sendable {
    case create
    case add(AccountID)
    case remove(AccountID)
    /// The author goes.
    case leave
    case setRole(AccountID)

    var number: UInt8 {
        switch self {
        case .create: 1
        case .add: 2
        case .remove: 3
        case .leave: 4
        case .setRole: 5
        }
    }

    /// Zero where the action has none.
    var subject: AccountID {
        switch self {
        case .create, .leave: .zero
        case .add(let account), .remove(let account), .setRole(let account): account
        }
    }

    /// Nil for a number that is not known, and for a subject where there is none.
    init?(number: UInt8, subject: AccountID) {
        switch number {
        case 1 where subject == .zero: self = .create
        case 2: self = .add(subject)
        case 3: self = .remove(subject)
        case 4 where subject == .zero: self = .leave
        case 5: self = .setRole(subject)
        default: return nil
        }
    }
}

import KeyLog

/// A conversation as this device knows it: who is in it, and in which state.
public struct Conversation: Hashable, Sendable {
    public let id: ConversationID
    public let accounts: Set<AccountID>
    /// Zero in direct conversations, as is the state.
    public let epoch: UInt32
    public let state: GroupStateHash

    /// Of two accounts; of one with itself, its notes.
    public init(direct one: AccountID, _ other: AccountID) {
        id = .direct(one, other)
        accounts = [one, other]
        epoch = 0
        state = .zero
    }

    public init(group: GroupState) {
        self.init(
            group: group.id, accounts: Set(group.members.map(\.account)), epoch: group.epoch, state: group.hash)
    }

    /// A group in one of the states that this device knows of it.
    public init(group id: ConversationID, accounts: Set<AccountID>, epoch: UInt32, state: GroupStateHash) {
        self.id = id
        self.accounts = accounts
        self.epoch = epoch
        self.state = state
    }
}

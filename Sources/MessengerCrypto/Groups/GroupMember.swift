import KeyLog

public struct GroupMember: Hashable, Sendable {
    public let account: AccountID
    public let role: GroupRole

    public init(account: AccountID, role: GroupRole) {
        self.account = account
        self.role = role
    }
}

import KeyLog
import MessengerCrypto

/// A member of a group.
public struct GroupPerson: Sendable, Hashable {
    /// Nil while this device could not look the account up.
    public let username: String?
    public let account: AccountID
    public let role: GroupRole
    public let isMe: Bool
    public let isVerified: Bool
    public let isPostQuantum: Bool
    public let deviceCount: Int
}

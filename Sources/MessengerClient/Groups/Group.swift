import KeyLog
import MessengerCrypto

/// A group as this device knows it.
public struct Group: Sendable, Hashable, Identifiable {
    /// Names it for good, also when it is called otherwise.
    public let id: ConversationID
    public let name: String
    /// By name. Without oneself when one is not in it any more.
    public let members: [GroupPerson]
    /// Of oneself; nil when one is not in it any more.
    public let role: GroupRole?
    /// Every device of every member is, one's own too.
    public let isPostQuantum: Bool

    public var isMember: Bool { role != nil }
    /// The safety number of everybody else was compared.
    public var isVerified: Bool { members.allSatisfy { $0.isVerified || $0.isMe } }
}

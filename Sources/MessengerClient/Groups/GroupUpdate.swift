import KeyLog
import MessengerCrypto

/// What a message about a group itself carries (protocol, sections 7 and 11): changes to all of its members, or, between two devices,
/// what one of them lacks.
public struct GroupUpdate: Sendable, Hashable {
    /// A list of hashes beyond this names the newest alone.
    static let mostHashes = 1000

    /// Nil in the group's own conversation.
    var group: ConversationID?
    var changes: [Signed<GroupChange>] = []
    var name: Signed<GroupName>?
    /// Usernames of the accounts in the changes; believed only as far as the log agrees.
    var people: [String] = []
    /// All changes that the sender has; nil when it does not say.
    var have: [GroupChangeHash]?
    /// The only device that is to answer.
    var asks: DeviceFingerprint?

    /// Whether it stands in the history of the group.
    var isShown: Bool { group == nil && (!changes.isEmpty || name != nil) }
}

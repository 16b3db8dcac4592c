import KeyLog
import MessengerCrypto

/// What somebody does to a group, and who hears of it.
struct GroupStep: Sendable {
    let group: ConversationID
    var changes: [Signed<GroupChange>] = []
    var name: Signed<GroupName>?
    /// To single accounts, before the others hear of it.
    var beforehand: [OutgoingDraft] = []
    /// To all members.
    let announcement: OutgoingDraft
}

import KeyLog
import MessengerCrypto

/// What a message that came has to do with a group, verified as far as it can be without the store.
struct GroupArrival: Sendable {
    let group: ConversationID
    /// It was written in the group itself, not between two of its devices.
    let isInGroup: Bool
    /// This device's account, and the device.
    let me: AccountID
    let username: String
    let device: DeviceFingerprint
    /// Milliseconds since 1970.
    let now: UInt64
    /// Signed by devices of their authors.
    var changes: [Signed<GroupChange>] = []
    /// Of those, the ones whose device its account has removed meanwhile.
    var fromRemovedDevices: Set<GroupChangeHash> = []
    /// Signed by a device of its author.
    var name: Signed<GroupName>?
    /// What the sender says that it has.
    var have: [GroupChangeHash]?
    /// It is this device that is to answer.
    var isAsked = false
    /// It is another device that is to answer.
    var asksAnother = false

    var saysSomething: Bool { !changes.isEmpty || name != nil || have != nil }
}

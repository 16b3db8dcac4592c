import KeyLog
import MessengerCrypto

/// What this device owes others so that all have the same changes of a group.
struct GroupDebt: Sendable {
    enum Kind: Int, Sendable {
        /// The device seems to know another state: it is told what is here, and answers with what is lacking on both sides.
        case question = 1
        /// The account gets what it lacks, and hears what is here.
        case answer = 2
        /// All members hear of changes that were made beside one of this device's.
        case announcement = 3
    }

    let position: Int64
    let kind: Kind
    let group: ConversationID
    let account: AccountID
    let peer: String
    /// Of a question.
    let device: DeviceFingerprint?
    /// What the other has said that it has; in an announcement, what is to be told.
    let hashes: [GroupChangeHash]
}

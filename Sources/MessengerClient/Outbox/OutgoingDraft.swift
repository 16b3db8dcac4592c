import KeyLog
import MessengerCrypto

/// A message before it has its place in the count of its conversation.
struct OutgoingDraft: Sendable {
    let content: MessageContent
    let peer: String
    let peerAccount: AccountID
    let account: AccountID
    let device: DeviceFingerprint
    let sent: UInt64
    let fromSeq: UInt32
    let logSize: UInt64
    let logRoot: TreeHash
    let newestKey: KeyRing.Newest

    var conversation: ConversationID { .direct(account, peerAccount) }
    /// Nobody is there to read it: oneself, on this device alone.
    var isNote: Bool { peerAccount == account }

    /// Receipts and the like would use up the one-time keys that texts need.
    var usesOneTimeKeys: Bool {
        switch content {
        case .receipt, .askAgain, .notice: false
        default: !isNote
        }
    }

    func message(counter: UInt64, previous: MessageHash) throws -> Message {
        try Message(
            type: content.type, fromAccount: account, fromDevice: device, conversation: conversation, counter: counter,
            previous: previous, sent: sent, fromSeq: fromSeq, logSize: logSize, logRoot: logRoot, newestKey: newestKey.id,
            newestKeyCreated: newestKey.created, content: content.json(peer: peer))
    }
}

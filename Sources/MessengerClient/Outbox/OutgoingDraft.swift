import KeyLog
import MessengerCrypto

/// A message before it has its place in the count of its conversation.
struct OutgoingDraft: Sendable {
    var content: MessageContent
    let peer: String
    let peerAccount: AccountID
    let account: AccountID
    let device: DeviceFingerprint
    let sent: UInt64
    let fromSeq: UInt32
    let logSize: UInt64
    let logRoot: TreeHash
    let newestKey: KeyRing.Newest
    /// Of the conversation; set as it is put into the outbox.
    var timer: Int?
    /// Set as it is put into the outbox; the peer is oneself then.
    var group: GroupDestination?

    var conversation: ConversationID { group?.state.id ?? .direct(account, peerAccount) }
    /// Nobody is there to read it: oneself, on this device alone.
    var isNote: Bool { group == nil && peerAccount == account }

    /// Receipts and the like would use up the one-time keys that texts need.
    var usesOneTimeKeys: Bool {
        switch content {
        case .receipt, .askAgain, .notice, .group: false
        default: !isNote && group == nil
        }
    }

    /// The same with another content.
    func saying(_ content: MessageContent) -> OutgoingDraft {
        var draft = self
        draft.content = content
        return draft
    }

    func message(counter: UInt64, previous: MessageHash) throws -> Message {
        try Message(
            type: content.type, fromAccount: account, fromDevice: device, conversation: conversation, counter: counter,
            previous: previous, sent: sent, fromSeq: fromSeq, logSize: logSize, logRoot: logRoot, newestKey: newestKey.id,
            newestKeyCreated: newestKey.created, groupEpoch: group?.state.epoch ?? 0, groupState: group?.state.hash ?? .zero,
            content: content.json(peer: group == nil ? peer : nil, timer: timer))
    }
}

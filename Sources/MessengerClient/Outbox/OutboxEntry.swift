import KeyLog
import MessengerCrypto

/// A message that waits for the server to take it.
struct OutboxEntry: Sendable {
    let position: Int64
    let message: Message
    let hash: MessageHash
    let account: AccountID
    let peer: String
    /// The only device that it is for: it has asked again.
    let device: DeviceFingerprint?
    let usesOneTimeKeys: Bool
    /// How often it was sealed.
    let attempt: Int
    /// The body of the request, from the first sealing until a definite answer.
    let batch: [UInt8]?
    /// Of a message in a group: who still waits for it. Nil for one to the account alone.
    let receivers: [AccountID]?
    /// Which of the requests this is that a message in a group may need.
    let part: Int
    /// Whom the batch is for.
    let sealedFor: [AccountID]
}

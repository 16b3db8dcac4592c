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
}

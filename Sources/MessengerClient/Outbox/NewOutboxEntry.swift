import KeyLog
import MessengerCrypto

/// A message that goes into the outbox.
struct NewOutboxEntry: Sendable {
    let message: Message
    let account: AccountID
    let peer: String
    let device: DeviceFingerprint?
    let usesOneTimeKeys: Bool
    /// Of a message in a group; nil for the account alone.
    var receivers: [AccountID]?
}

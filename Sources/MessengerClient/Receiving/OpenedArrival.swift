import KeyLog
import MessengerCrypto

/// A message that was opened and whose sender is known, with what the checks against the store need.
struct OpenedArrival: Sendable {
    let opened: OpenedMessage
    let conversation: Conversation
    let peer: String
    let isMine: Bool
    let content: MessageContent?
    /// At least as far as the sender's, or as far as the server goes.
    let log: LogView
    let owesReceipt: Bool

    /// Whether it may change something: not from a removed device, nor from outside the conversation.
    func applies(_ findings: [EnvelopeCheck]) -> Bool {
        !findings.contains(.device) && !findings.contains(.conversation) && !findings.contains(.content)
    }
}

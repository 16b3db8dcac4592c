import KeyLog
import MessengerCrypto

/// A message that was opened and whose sender is known, with what the checks against the store need.
struct OpenedArrival: Sendable {
    let opened: OpenedMessage
    /// Of two; of a message in a group its group is looked up as it is stored.
    let conversation: Conversation
    /// The sender in a group; else the other of the two.
    let peer: String
    let isMine: Bool
    let content: MessageContent?
    /// At least as far as the sender's, or as far as the server goes.
    let log: LogView
    let owesReceipt: Bool
    /// Nil when it has nothing to do with any.
    let group: GroupArrival?

    /// Whether it may change something: not from a removed device, nor from outside the conversation.
    func applies(_ findings: [EnvelopeCheck]) -> Bool {
        !findings.contains(.device) && !findings.contains(.conversation) && !findings.contains(.content)
    }
}

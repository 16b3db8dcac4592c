import KeyLog
import MessengerCrypto

/// A row of the history.
struct StoredMessage: Sendable {
    let position: HistoryPosition
    let hash: MessageHash?
    let conversation: ConversationID
    let peer: String
    let account: AccountID?
    let target: MessageHash?
    let sent: UInt64
    let isMine: Bool
    let delivery: Delivery
    let findings: [EnvelopeCheck]
    /// Nil when it could not be opened, or was deleted.
    let message: Message?

    var content: MessageContent? { message.flatMap { MessageContent($0) } }

    /// Whether it changes other messages: not from a removed device, nor from outside the conversation.
    var isApplied: Bool { !findings.contains(.device) && !findings.contains(.conversation) && !findings.contains(.content) }
}

import KeyLog
import MessengerCrypto

/// A row of the history.
struct StoredMessage: Sendable {
    let position: HistoryPosition
    let hash: MessageHash?
    let conversation: ConversationID
    /// The sender in a group; else the other of the two.
    let peer: String
    let isInGroup: Bool
    let account: AccountID?
    let target: MessageHash?
    let sent: UInt64
    let isMine: Bool
    let delivery: Delivery
    let findings: [EnvelopeCheck]
    /// Nil when it could not be opened, or was deleted.
    let message: Message?
    /// In seconds.
    let expiresAfter: Int?
    /// Milliseconds since 1970; nil while it does not count yet.
    let expiresAt: UInt64?

    var content: MessageContent? { message.flatMap { MessageContent($0) } }

    /// Whether it changes other messages: not from a removed device, nor from outside the conversation.
    var isApplied: Bool { !findings.contains(.device) && !findings.contains(.conversation) && !findings.contains(.content) }

    /// Nothing for what is no message about a group.
    func groupEvents(_ names: [AccountID: String]) -> [GroupEvent] {
        guard isApplied, case .group(let update) = content else { return [] }
        return update.events(by: account, names: names)
    }

    var timer: ConversationTimer? {
        guard isApplied, case .timer(let seconds) = content else { return nil }
        return seconds.map { .set($0) } ?? .off
    }
}

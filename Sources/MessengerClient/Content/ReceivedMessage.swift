import Foundation
import KeyLog
import MessengerCrypto

/// A message as it came to this device. Its text is in no description and no dump.
public struct ReceivedMessage: Sendable, Identifiable, CustomStringConvertible, CustomReflectable {
    public let position: HistoryPosition
    /// The verified name; of a message that could not be opened, the one that the server says.
    public let sender: String
    /// From another device of one's own.
    public let isFromMe: Bool
    public let conversationWith: String
    /// The name has, or had, another account than the one that was accepted: this message is from that one.
    public let isFromOtherAccount: Bool
    /// By the sender's clock.
    public let sent: Date
    /// Nil when it could not be opened.
    public let hash: MessageHash?
    /// Nil when it could not be opened, is not understood, or was deleted meanwhile.
    public let content: MessageContent?
    /// To be shown with the message, or in its place. Empty when all is well.
    public let findings: [EnvelopeCheck]

    public var id: HistoryPosition { position }

    /// Of a text or an attachment.
    public var text: String? {
        switch content {
        case .text(let text, _, _): text
        case .attachment(let attachment): attachment.text
        default: nil
        }
    }

    public var attachment: Attachment? { if case .attachment(let attachment) = content { attachment } else { nil } }

    /// - Parameter accepted: the account of the peer that this device writes to, if it knows one.
    init(_ stored: StoredMessage, me: String, accepted: AccountID? = nil) {
        position = stored.position
        isFromMe = stored.isMine
        sender = stored.isMine ? me : stored.peer
        conversationWith = stored.peer
        isFromOtherAccount = !stored.isMine && accepted.map { stored.account != nil && stored.account != $0 } ?? false
        sent = Date(milliseconds: stored.sent)
        hash = stored.hash
        content = stored.content
        findings = stored.findings
    }

    public var description: String { "message \(position.rawValue) from \(sender)" }
    public var customMirror: Mirror { Mirror(self, children: ["position": position.rawValue]) }
}

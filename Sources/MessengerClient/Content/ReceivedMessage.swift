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
    /// The other of the two; nil in a group.
    public let conversationWith: String?
    /// The group that it was written in.
    public let group: ConversationID?
    /// What its sender did to the group.
    public let groupEvents: [GroupEvent]
    /// Seconds after which it goes by itself, from reading; nil for what stays.
    public let expiresAfter: Int?
    /// What its sender said of later messages.
    public let timer: ConversationTimer?
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

    /// - Parameters:
    ///   - names: of the accounts that a message about a group speaks of.
    ///   - accepted: the account of the peer that this device writes to, if it knows one.
    init(_ stored: StoredMessage, me: String, names: [AccountID: String] = [:], accepted: AccountID? = nil) {
        position = stored.position
        isFromMe = stored.isMine
        sender = stored.isMine ? me : stored.peer
        conversationWith = stored.isInGroup ? nil : stored.peer
        group = stored.isInGroup ? stored.conversation : nil
        groupEvents = stored.groupEvents(names)
        expiresAfter = stored.expiresAfter
        timer = stored.timer
        isFromOtherAccount = !stored.isMine && accepted.map { stored.account != nil && stored.account != $0 } ?? false
        sent = Date(milliseconds: stored.sent)
        hash = stored.hash
        content = stored.content
        findings = stored.findings
    }

    public var description: String { "message \(position.rawValue) from \(sender)" }
    public var customMirror: Mirror { Mirror(self, children: ["position": position.rawValue]) }
}

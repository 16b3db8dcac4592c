import Foundation
import KeyLog
import MessengerCrypto

/// A message of the history with everything that later ones did to it. Its text is in no description and no dump.
public struct HistoryItem: Sendable, Identifiable, CustomStringConvertible, CustomReflectable {
    public let position: HistoryPosition
    /// Nil when it could not be opened.
    public let hash: MessageHash?
    public let sender: String
    public let isFromMe: Bool
    /// By the sender's clock.
    public let sent: Date
    /// As it was last edited; nil when it has none, was deleted, or could not be opened.
    public let text: String?
    public let replyTo: MessageHash?
    public let attachment: Attachment?
    public let isEdited: Bool
    public let isDeleted: Bool
    public let reactions: [Reaction]
    /// Of a message of one's own.
    public let delivery: Delivery?
    public let findings: [EnvelopeCheck]
    /// What its sender did to the group.
    public let groupEvents: [GroupEvent]
    /// Seconds after which it goes by itself; nil for what stays.
    public let expiresAfter: Int?
    /// When it goes; nil before it counts.
    public let expires: Date?
    /// What its sender said of later messages.
    public let timer: ConversationTimer?

    public var id: HistoryPosition { position }

    /// - Parameter amendments: edits, deletions and reactions of this message, oldest first. Only those that its author may make
    ///   count, and none from a removed device.
    init(_ stored: StoredMessage, amendments: [StoredMessage], me: String, names: [AccountID: String] = [:]) {
        var text: String?
        var replyTo: MessageHash?
        var attachment: Attachment?
        switch stored.content {
        case .text(let body, let reply, _):
            text = body
            replyTo = reply
        case .attachment(let file):
            text = file.text
            attachment = file
        default: break
        }
        var isEdited = false
        var isDeleted = stored.hash != nil && stored.message == nil
        var reactions: [AccountID: Reaction] = [:]
        var order: [AccountID] = []
        for amendment in amendments where amendment.conversation == stored.conversation && amendment.isApplied {
            guard let account = amendment.account else { continue }
            switch amendment.content {
            case .edit(_, let newText) where account == stored.account && !isDeleted:
                text = newText
                isEdited = true
            case .delete where account == stored.account: isDeleted = true
            case .reaction(_, let emoji):
                if reactions[account] == nil { order.append(account) }
                reactions[account] = Reaction(sender: amendment.isMine ? me : amendment.peer, emoji: emoji)
            default: break
            }
        }
        position = stored.position
        hash = stored.hash
        sender = stored.isMine ? me : stored.peer
        isFromMe = stored.isMine
        sent = Date(milliseconds: stored.sent)
        self.text = isDeleted ? nil : text
        self.replyTo = replyTo
        self.attachment = isDeleted ? nil : attachment
        self.isEdited = isEdited && !isDeleted
        self.isDeleted = isDeleted
        self.reactions = order.compactMap { reactions[$0] }.filter { !$0.emoji.isEmpty }
        delivery = stored.isMine ? stored.delivery : nil
        findings = stored.findings
        groupEvents = stored.groupEvents(names)
        expiresAfter = stored.expiresAfter
        expires = stored.expiresAt.map { Date(milliseconds: $0) }
        timer = stored.timer
    }

    public var description: String { "message \(position.rawValue) from \(sender)" }
    public var customMirror: Mirror { Mirror(self, children: ["position": position.rawValue]) }
}

import Foundation
import MessengerClient

/// A message that came, or one of the history, for programs.
struct MessageLine: Encodable {
    let event = "message"
    /// The other of the conversation.
    let with: String
    let from: String
    let sent: Date
    let kind: String
    let text: String?
    let hash: String?
    /// Names it on this device, for `save`.
    let number: Int64
    let file: FileLine?
    /// Codes of what was wrong with it, such as E08.
    let findings: [String]
    /// The name has, or had, another account than the one that was accepted, and it is from that one.
    let isFromOtherAccount: Bool

    init(_ message: ReceivedMessage) {
        with = message.conversationWith
        from = message.sender
        sent = message.sent
        kind = Self.kind(of: message.content)
        text = message.text
        hash = message.hash.map { Data($0.bytes).base64EncodedString() }
        number = message.position.rawValue
        file = message.attachment.map { FileLine($0) }
        findings = message.findings.map(\.code)
        isFromOtherAccount = message.isFromOtherAccount
    }

    init(_ item: HistoryItem, with peer: String) {
        with = peer
        from = item.sender
        sent = item.sent
        kind = item.isDeleted ? "deleted" : item.attachment != nil ? "attachment" : item.text == nil ? "unreadable" : "text"
        text = item.text
        hash = item.hash.map { Data($0.bytes).base64EncodedString() }
        number = item.position.rawValue
        file = item.attachment.map { FileLine($0) }
        findings = item.findings.map(\.code)
        isFromOtherAccount = false
    }

    private static func kind(of content: MessageContent?) -> String {
        switch content {
        case nil: "unreadable"
        case .text: "text"
        case .edit: "edit"
        case .delete: "delete"
        case .reaction: "reaction"
        case .receipt: "receipt"
        case .attachment: "attachment"
        case .askAgain: "ask-again"
        case .notice: "notice"
        case .unknown: "unknown"
        }
    }
}

import Foundation
import KeyLog
import MessengerClient
import MessengerCrypto

/// A message that came, or one of the history, for programs.
struct MessageLine: Encodable {
    let event = "message"
    /// The other of the conversation.
    let with: String?
    /// In place of the other.
    let group: String?
    let groupID: String?
    let from: String
    let sent: Date
    let kind: String
    let text: String?
    let hash: String?
    /// Names it on this device, for `save`.
    let number: Int64
    let file: FileLine?
    /// Seconds after which it goes by itself; of a timer, those of later messages.
    let expiresAfter: Int?
    /// Codes of what was wrong with it, such as E08.
    let findings: [String]
    /// The name has, or had, another account than the one that was accepted, and it is from that one.
    let isFromOtherAccount: Bool

    /// - Parameter group: the name of the group that it was written in.
    init(_ message: ReceivedMessage, group name: String? = nil) {
        with = message.conversationWith
        group = message.group == nil ? nil : name
        groupID = message.group?.description
        from = message.sender
        sent = message.sent
        kind = Self.kind(of: message.content)
        text = message.text ?? Self.words(for: message.groupEvents)
        hash = message.hash.map { Data($0.bytes).base64EncodedString() }
        number = message.position.rawValue
        file = message.attachment.map { FileLine($0) }
        expiresAfter = message.expiresAfter ?? message.timer?.seconds
        findings = message.findings.map(\.code)
        isFromOtherAccount = message.isFromOtherAccount
    }

    init(_ item: HistoryItem, with partner: ChatPartner) {
        with = partner.groupID == nil ? partner.name : nil
        group = partner.groupID == nil ? nil : partner.name
        groupID = partner.groupID?.description
        from = item.sender
        sent = item.sent
        kind = Self.kind(of: item)
        text = item.text ?? Self.words(for: item.groupEvents)
        hash = item.hash.map { Data($0.bytes).base64EncodedString() }
        number = item.position.rawValue
        file = item.attachment.map { FileLine($0) }
        expiresAfter = item.expiresAfter ?? item.timer?.seconds
        findings = item.findings.map(\.code)
        isFromOtherAccount = false
    }

    private static func words(for events: [GroupEvent]) -> String? {
        events.isEmpty ? nil : events.map(\.words).joined(separator: ", ")
    }

    private static func kind(of item: HistoryItem) -> String {
        if item.isDeleted { return "deleted" }
        if item.attachment != nil { return "attachment" }
        if item.timer != nil { return "timer" }
        if !item.groupEvents.isEmpty { return "group" }
        return item.text == nil ? "unreadable" : "text"
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
        case .group: "group"
        case .timer: "timer"
        case .unknown: "unknown"
        }
    }
}

extension ConversationTimer {
    fileprivate var seconds: Int? {
        if case .set(let seconds) = self { seconds } else { nil }
    }
}

import Foundation
import MessengerCrypto

/// A conversation in a list. It shows nothing of its text in a description.
public struct ConversationSummary: Sendable, CustomStringConvertible, CustomReflectable {
    /// The other of the two; nil of a group.
    public let username: String?
    /// Nil of a conversation of two.
    public let group: ConversationID?
    /// Of the other, or of the group.
    public let title: String
    public let lastActivity: Date
    /// Nil when the last message has none, or could not be opened.
    public let lastText: String?
    public let unacknowledged: Int
    /// Of a group: everybody in it.
    public let isVerified: Bool
    /// Every device of both is, one's own included; nil while that is not known here.
    public let isPostQuantum: Bool?

    public var description: String { "conversation with \(title)" }
    public var customMirror: Mirror { Mirror(self, children: ["title": title]) }
}

extension ConversationSummary {
    init(_ last: StoredMessage, _ unhandled: Int, _ group: Group, me: String) {
        self.init(
            username: nil, group: group.id, title: group.name, lastActivity: Date(milliseconds: last.sent),
            lastText: ReceivedMessage(last, me: me).text, unacknowledged: unhandled, isVerified: group.isVerified,
            isPostQuantum: group.isPostQuantum)
    }
}

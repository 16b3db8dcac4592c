import Foundation

/// A conversation in a list. It shows nothing of its text in a description.
public struct ConversationSummary: Sendable, CustomStringConvertible, CustomReflectable {
    public let username: String
    public let lastActivity: Date
    /// Nil when the last message has none, or could not be opened.
    public let lastText: String?
    public let unacknowledged: Int
    public let isVerified: Bool
    /// Every device of both is, one's own included; nil while that is not known here.
    public let isPostQuantum: Bool?

    public var description: String { "conversation with \(username)" }
    public var customMirror: Mirror { Mirror(self, children: ["username": username]) }
}

/// The newest reaction of one person to a message.
public struct Reaction: Sendable, Hashable {
    public let sender: String
    public let emoji: String
}

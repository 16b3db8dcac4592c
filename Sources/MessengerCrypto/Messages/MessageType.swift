/// What a message is. Types that a client does not know are shown as such and kept.
public struct MessageType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let text = MessageType(rawValue: 1)
    public static let edit = MessageType(rawValue: 2)
    public static let delete = MessageType(rawValue: 3)
    public static let reaction = MessageType(rawValue: 4)
    public static let receipt = MessageType(rawValue: 5)
    public static let attachment = MessageType(rawValue: 6)
    public static let group = MessageType(rawValue: 7)
    /// Asks the sender of an envelope that could not be opened for the message.
    public static let askAgain = MessageType(rawValue: 8)
    /// Nothing to show: it names the newest key, or tells own devices of something.
    public static let notice = MessageType(rawValue: 9)

    /// After how long later messages of the conversation go by themselves.
    public static let timer = MessageType(rawValue: 10)

    public static let known: Set<MessageType> = [
        .text, .edit, .delete, .reaction, .receipt, .attachment, .group, .askAgain, .notice, .timer,
    ]

    public var isKnown: Bool { Self.known.contains(self) }
}

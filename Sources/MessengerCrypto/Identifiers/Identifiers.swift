import KeyLog

/// Names a conversation: of two accounts, or of a group.
public struct ConversationID: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// The conversation of two accounts, the same in either order; of one account with itself, its notes.
    public static func direct(_ one: AccountID, _ other: AccountID) -> ConversationID {
        ConversationID(unchecked: Label.hash("direct", min(one, other).bytes, max(one, other).bytes))
    }

    /// The group that begins with this change.
    public static func group(startingWith first: GroupChange) -> ConversationID {
        ConversationID(unchecked: Label.hash("group-id", first.bytes))
    }
}

/// 16 random bytes by which a sender names a message before its bytes are final.
public struct MessageID: FixedBytes {
    public static let byteCount = 16
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public static func random() -> MessageID { MessageID(unchecked: SecretBytes.random(byteCount).exposed) }
}

/// The hash of a message: the only name that receipts, replies, edits and chains use.
public struct MessageHash: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// The hash of a sealed envelope: what a device remembers of it, and names when it asks for it again.
public struct EnvelopeHash: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public init(of envelope: [UInt8]) { self.init(unchecked: Label.hash("envelope-hash", envelope)) }
}

/// The hash of a group change.
public struct GroupChangeHash: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public init(of change: GroupChange) { self.init(unchecked: Label.hash("group-change", change.bytes)) }
}

/// The hash of a group's state; zero in direct conversations.
public struct GroupStateHash: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

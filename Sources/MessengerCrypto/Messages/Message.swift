import KeyLog

/// What one device says to a conversation: the same bytes for all receivers. Everything that decides something stands at a
/// fixed place; the content is JSON with the fields of its type, or empty when that has none.
public struct Message: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public static let version: UInt8 = 1
    static let fixedSize = 256
    public static let maximumContent = 65_180

    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// An earlier message for a device that could not open it. All else is as it was, and so is its hash.
        public static let sentAgain = Flags(rawValue: 1)
    }

    public var type: MessageType
    public var flags: Flags
    public var fromAccount: AccountID
    public var fromDevice: DeviceFingerprint
    public var conversation: ConversationID
    public var id: MessageID
    /// Counts the messages of this device in this conversation, from 1.
    public var counter: UInt64
    /// The one before it in that count; zero in the first.
    public var previous: MessageHash
    /// Milliseconds since 1970, by the sender's clock.
    public var sent: UInt64
    /// The newest state of the sender's account that the sender knows.
    public var fromSeq: UInt32
    /// The log as the sender has replayed it.
    public var logSize: UInt64
    public var logRoot: TreeHash
    /// The newest rotating key of the sending device, and when it was made: nobody seals to an older one any more.
    public var newestKey: KeyID
    public var newestKeyCreated: UInt64
    /// Zero in direct conversations, as is the hash.
    public var groupEpoch: UInt32
    public var groupState: GroupStateHash
    public internal(set) var content: [UInt8]

    /// Throws for content that is too long or not strict JSON. The fields that follow from the conversation are zero.
    public init(
        type: MessageType, flags: Flags = [], fromAccount: AccountID, fromDevice: DeviceFingerprint,
        conversation: ConversationID, id: MessageID = .random(), counter: UInt64, previous: MessageHash = .zero, sent: UInt64,
        fromSeq: UInt32, logSize: UInt64, logRoot: TreeHash, newestKey: KeyID, newestKeyCreated: UInt64, groupEpoch: UInt32 = 0,
        groupState: GroupStateHash = .zero, content: [UInt8]
    ) throws(MessageError) {
        guard content.count <= Self.maximumContent else { throw .contentTooLong }
        guard StrictJSON.isContent(content) else { throw .notStrictJSON }
        self.type = type
        self.flags = flags
        self.fromAccount = fromAccount
        self.fromDevice = fromDevice
        self.conversation = conversation
        self.id = id
        self.counter = counter
        self.previous = previous
        self.sent = sent
        self.fromSeq = fromSeq
        self.logSize = logSize
        self.logRoot = logRoot
        self.newestKey = newestKey
        self.newestKeyCreated = newestKeyCreated
        self.groupEpoch = groupEpoch
        self.groupState = groupState
        self.content = content
    }

    /// Names the message for good. The flags do not count: sent again, it is still the same message.
    public var hash: MessageHash {
        var plain = self
        plain.flags = []
        return MessageHash(unchecked: Label.hash("message", plain.bytes))
    }

    /// Whether every client reads the content the same way. What came in may be anything.
    public var hasStrictContent: Bool { StrictJSON.isContent(content) }

    /// What the message says of the log, to be compared with one's own.
    public var logClaim: LogClaim { LogClaim(account: fromAccount, seq: fromSeq, size: logSize, root: logRoot) }

    /// Neither content nor anything else that only the receivers should know.
    public var description: String { "message \(id) of \(content.count) bytes" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

import MessengerAPI

/// Inboxes: an ordered, durable log of messages per user, and a cursor in it per device.
///
/// The numbers of an inbox are contiguous but for restores: what a reader finds missing was dropped, never skipped.
/// Every method is one transaction.
public protocol InboxStore: Sendable {
    /// Where the store writes: who calls from there saves two changes of thread.
    var executor: (any TaskExecutor)? { get }
    /// From the start of a commit that was shared to that of the next (`GroupCommit`).
    var commitSpacing: Duration { get }

    /// Decides and writes the submissions in their order, in one commit, durable on return. One outcome for each; none of
    /// them changes another's. Throws `StoreError` when the whole batch was not (or perhaps not) written.
    func append(_ submissions: [Submission]) async throws -> AppendResult

    /// What the sender's key stands for now, without writing: `.repeated`, `.keyReused`, or nil when it is not in use.
    func remembered(_ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp) async throws
        -> SubmissionOutcome?

    /// What waits for the device beyond `after` and beyond its cursor, oldest first: at most `limit` messages and
    /// `bytes`, but at least one. One consistent snapshot. Nil when the device is not there.
    func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage?

    /// Raises cursors; lower numbers change nothing. One outcome for each, in order, durable on return.
    func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome]

    /// The number of the newest message ever of each inbox; users that are not there are left out.
    func heads(of users: [UserID]) async throws -> [UserID: MessageNumber]

    /// One small batch of housekeeping: drops expired messages, those that every device has, old idempotency keys,
    /// what deleted users left, devices whose callbacks failed for too long.
    func sweep(_ sweep: Sweep) async throws -> SweepOutcome
}

extension InboxStore {
    public var executor: (any TaskExecutor)? { nil }
    public var commitSpacing: Duration { .zero }
}

/// The limits of an inbox, with the contract's values as defaults.
public struct InboxLimits: Sendable {
    public var messages = 100_000
    public var bytes = 256 << 20
    public var devices = 20
    public var liveKeysPerUser = 100_000
    public var keyLifetime = Duration.hours(24)
    /// A device whose callbacks failed for this long, and that gave no other sign, goes.
    public var callbackPatience = Duration.days(7)
    public var keys = KeyLimits()
    public init() {}
}

/// A client's own name for a message: 1 to 64 visible ASCII characters.
public struct IdempotencyKey: Hashable, Sendable {
    public let text: String

    public init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        self.text = text
    }
}

/// One accepted-or-not unit: its messages are stored all or none.
public struct Submission: Sendable {
    public struct Outgoing: Sendable {
        public let receiver: UserID
        public let body: String
        /// What the receiver's keys must be at the commit; nil when it does not matter.
        public let keysVersion: KeysVersion?

        public init(receiver: UserID, body: String, keysVersion: KeysVersion? = nil) {
            self.receiver = receiver
            self.body = body
            self.keysVersion = keysVersion
        }
    }

    public let sender: UserID
    public let senderUsername: Username
    public let messages: [Outgoing]
    /// As it came.
    public let sendDate: String
    public let key: IdempotencyKey?
    /// Tells this content from any other under the same key.
    public let fingerprint: [UInt8]
    public let now: Timestamp

    public init(
        sender: UserID, senderUsername: Username, messages: [Outgoing], sendDate: String, key: IdempotencyKey?,
        fingerprint: [UInt8], now: Timestamp
    ) {
        self.sender = sender
        self.senderUsername = senderUsername
        self.messages = messages
        self.sendDate = sendDate
        self.key = key
        self.fingerprint = fingerprint
        self.now = now
    }

    /// Bytes of message text.
    public var size: Int { messages.reduce(0) { $0 + $1.body.utf8.count } }
}

public struct AppendResult: Equatable, Sendable {
    /// One for each submission.
    public let outcomes: [SubmissionOutcome]
    /// What was stored, in the order of the commit.
    public let stored: [InboxMessage]
    /// What other processes are to be told.
    public let hints: [HintDestination: Hints]

    public init(outcomes: [SubmissionOutcome], stored: [InboxMessage], hints: [HintDestination: Hints] = [:]) {
        self.outcomes = outcomes
        self.stored = stored
        self.hints = hints
    }
}

public enum SubmissionOutcome: Equatable, Sendable {
    case accepted(receivers: Int)
    /// The same key and content were accepted before; nothing was stored.
    case repeated(receivers: Int)
    /// The key stands for other content.
    case keyReused
    case unknownReceivers([UserID])
    /// Receivers whose keys have another version than the messages were sealed to.
    case staleKeys([StaleKeys])
    case fullReceivers([UserID])
    case tooManyKeys
    /// The sender's account has gone.
    case unknownSender
}

public struct InboxMessage: Equatable, Sendable {
    public let number: MessageNumber
    public let sender: UserID
    public let senderUsername: String
    public let receiver: UserID
    public let body: String
    public let sendDate: String

    public init(
        number: MessageNumber, sender: UserID, senderUsername: String, receiver: UserID, body: String, sendDate: String
    ) {
        self.number = number
        self.sender = sender
        self.senderUsername = senderUsername
        self.receiver = receiver
        self.body = body
        self.sendDate = sendDate
    }

    public var delivered: DeliveredMessage {
        DeliveredMessage(
            messageID: number, senderID: sender, senderUsername: senderUsername, receiverID: receiver, message: body,
            sendDate: sendDate)
    }
}

public struct PendingPage: Equatable, Sendable {
    public let messages: [InboxMessage]
    /// Where the page really begins: the larger of what was asked for and the cursor.
    public let start: MessageNumber
    /// The number of the newest message ever of this inbox.
    public let head: MessageNumber

    public init(messages: [InboxMessage], start: MessageNumber, head: MessageNumber) {
        self.messages = messages
        self.start = start
        self.head = head
    }
}

public struct Acknowledgement: Sendable {
    public let device: DeviceID
    /// The login that speaks; an older one's acknowledgement is not taken.
    public let generation: Int64
    public let through: MessageNumber
    /// True when a callback's 2xx says it: the address works again.
    public let byCallback: Bool
    public let now: Timestamp

    public init(device: DeviceID, generation: Int64, through: MessageNumber, byCallback: Bool, now: Timestamp) {
        self.device = device
        self.generation = generation
        self.through = through
        self.byCallback = byCallback
        self.now = now
    }
}

public enum AcknowledgementOutcome: Equatable, Sendable {
    case cursor(MessageNumber)
    /// The number is beyond the newest message, which is this one.
    case ahead(head: MessageNumber)
    /// The device has gone, or has logged in again.
    case superseded
}

/// What one batch of housekeeping drops.
public struct Sweep: Sendable {
    public let now: Timestamp
    /// Messages accepted before this are expired; nil pauses everything that goes by the wall clock.
    public let expireBefore: Timestamp?
    /// The most rows of each kind in this batch.
    public let limit: Int

    public init(now: Timestamp, expireBefore: Timestamp?, limit: Int) {
        self.now = now
        self.expireBefore = expireBefore
        self.limit = limit
    }
}

public struct SweepOutcome: Equatable, Sendable {
    public var expired = 0
    public var acknowledged = 0
    public var keys = 0
    public var abandonedDevices: [DeviceID] = []
    /// Whether a batch was full, so that another one has work.
    public var hasMore = false
    public init() {}
}

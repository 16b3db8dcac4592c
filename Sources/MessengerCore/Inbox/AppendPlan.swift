import MessengerAPI

/// What a store shows of itself to an `AppendPlan`, all of it within the appending transaction.
public protocol AppendSource {
    /// The user's inbox, which nobody else can change before the commit; nil when there is no such user.
    mutating func inbox(_ user: UserID) throws -> InboxState?
    /// What the sender's key was used for, however long ago.
    mutating func usedKey(_ key: IdempotencyKey, of sender: UserID) throws -> UsedKey?
    /// The inbox's messages beyond `after` that some device has acknowledged, oldest first, until `take` returns false.
    mutating func received(in user: UserID, after: MessageNumber, take: (MessageNumber, _ bytes: Int) -> Bool) throws
}

/// The counters of an inbox, and what else a send depends on.
public struct InboxState: Equatable, Sendable {
    /// The next number.
    public var next: MessageNumber
    public var messages: Int
    public var bytes: Int
    /// How many of the user's idempotency keys are kept.
    public var liveKeys: Int
    /// The version of the user's keys in the key directory.
    public let keysVersion: KeysVersion

    public init(next: MessageNumber, messages: Int, bytes: Int, liveKeys: Int, keysVersion: KeysVersion) {
        self.next = next
        self.messages = messages
        self.bytes = bytes
        self.liveKeys = liveKeys
        self.keysVersion = keysVersion
    }
}

/// An idempotency key and what it was used for.
public struct UsedKey: Equatable, Sendable {
    public let fingerprint: [UInt8]
    public let receivers: Int
    public let at: Timestamp

    public init(fingerprint: [UInt8], receivers: Int, at: Timestamp) {
        self.fingerprint = fingerprint
        self.receivers = receivers
        self.at = at
    }

    /// What the key stands for at that time; nil when it is not in use any more.
    public func outcome(for fingerprint: [UInt8], at now: Timestamp, limits: InboxLimits) -> SubmissionOutcome? {
        guard at > now - limits.keyLifetime else { return nil }
        return self.fingerprint == fingerprint ? .repeated(receivers: receivers) : .keyReused
    }
}

/// Decides submissions one after another as if each had been committed before the next, and collects what is to be
/// written. The same for every store.
public struct AppendPlan<Source: AppendSource> {
    public struct NewMessage: Sendable {
        public let message: InboxMessage
        public let acceptedAt: Timestamp
    }

    public struct KeyOwner: Hashable, Sendable {
        public let user: UserID
        public let key: IdempotencyKey
    }

    /// What has to go before a message fits into a full inbox.
    private struct Room {
        var through = MessageNumber.zero
        var messages = 0
        var bytes = 0
    }

    public private(set) var source: Source
    private let limits: InboxLimits
    private var inboxes: [UserID: InboxState] = [:]
    /// Messages to insert, in this order.
    public private(set) var messages: [NewMessage] = []
    /// Inboxes with their new counters.
    public private(set) var changed: [UserID: InboxState] = [:]
    /// The last number to drop from each inbox that was full.
    public private(set) var dropped: [UserID: MessageNumber] = [:]
    /// Keys to keep; each takes the place of an older one of its name.
    public private(set) var keys: [KeyOwner: UsedKey] = [:]

    public init(source: Source, limits: InboxLimits) {
        self.source = source
        self.limits = limits
    }

    public mutating func add(_ submission: Submission) throws -> SubmissionOutcome {
        guard let sender = try inbox(submission.sender) else { return .unknownSender }
        var replacesKey = false
        if let key = submission.key {
            let owner = KeyOwner(user: submission.sender, key: key)
            let used = try keys[owner] ?? source.usedKey(key, of: submission.sender)
            if let outcome = used?.outcome(for: submission.fingerprint, at: submission.now, limits: limits) { return outcome }
            replacesKey = used != nil
            if sender.liveKeys - (replacesKey ? 1 : 0) >= limits.liveKeysPerUser { return .tooManyKeys }
        }
        let unknown = try submission.messages.map(\.receiver).filter { try inbox($0) == nil }
        guard unknown.isEmpty else { return .unknownReceivers(unknown) }
        let stale = submission.messages.compactMap(staleKeys)
        guard stale.isEmpty else { return .staleKeys(stale) }

        var rooms: [Room] = []
        var full: [UserID] = []
        for message in submission.messages {
            if let room = try room(for: message) { rooms.append(room) } else { full.append(message.receiver) }
        }
        guard full.isEmpty else { return .fullReceivers(full) }

        for (message, room) in zip(submission.messages, rooms) { insert(message, of: submission, making: room) }
        if let key = submission.key { remember(key, submission, replaces: replacesKey) }
        return .accepted(receivers: submission.messages.count)
    }

    private mutating func inbox(_ user: UserID) throws -> InboxState? {
        if let known = inboxes[user] { return known }
        let state = try source.inbox(user)
        inboxes[user] = state
        return state
    }

    /// Nil when the message is sealed to the keys that the receiver has now, or not sealed.
    private func staleKeys(_ message: Submission.Outgoing) -> StaleKeys? {
        guard let version = message.keysVersion, let current = inboxes[message.receiver]?.keysVersion, version != current else {
            return nil
        }
        return StaleKeys(receiverID: message.receiver, keysVersion: current)
    }

    /// What must be dropped for the message, oldest first and only what some device has acknowledged; nil when that is not
    /// enough.
    private mutating func room(for message: Submission.Outgoing) throws -> Room? {
        let inbox = inboxes[message.receiver]!
        let size = message.body.utf8.count
        let limits = limits
        var room = Room()
        func fits() -> Bool {
            inbox.messages - room.messages < limits.messages && inbox.bytes - room.bytes + size <= limits.bytes
        }
        if fits() { return room }
        try source.received(in: message.receiver, after: dropped[message.receiver] ?? .zero) { number, bytes in
            room.through = number
            room.messages += 1
            room.bytes += bytes
            return !fits()
        }
        return fits() ? room : nil
    }

    private mutating func insert(_ message: Submission.Outgoing, of submission: Submission, making room: Room) {
        var inbox = inboxes[message.receiver]!
        if room.messages > 0 { dropped[message.receiver] = room.through }
        messages.append(
            NewMessage(
                message: InboxMessage(
                    number: inbox.next, sender: submission.sender, senderUsername: submission.senderUsername.text,
                    receiver: message.receiver, body: message.body, sendDate: submission.sendDate),
                acceptedAt: submission.now))
        inbox.next = inbox.next.next
        inbox.messages += 1 - room.messages
        inbox.bytes += message.body.utf8.count - room.bytes
        change(message.receiver, to: inbox)
    }

    private mutating func remember(_ key: IdempotencyKey, _ submission: Submission, replaces: Bool) {
        keys[KeyOwner(user: submission.sender, key: key)] = UsedKey(
            fingerprint: submission.fingerprint, receivers: submission.messages.count, at: submission.now)
        guard !replaces else { return }
        var inbox = inboxes[submission.sender]!
        inbox.liveKeys += 1
        change(submission.sender, to: inbox)
    }

    private mutating func change(_ user: UserID, to state: InboxState) {
        inboxes[user] = state
        changed[user] = state
    }
}

import MessengerAPI

/// What a live stream tells its client.
public enum StreamEvent: Equatable, Sendable {
    case message(InboxMessage)
    case gap(Gap)
    case caughtUp
    case keepAlive
    case replaced
    case loggedOut
    case closing
}

/// What one device's stream tells: what waits, read from the store by the page, then what comes, from memory as long as
/// nothing is missed. Nothing is acknowledged by it.
public struct LiveStream: Sendable {
    private let inbox: Inbox
    private let callbacks: any CallbackStore
    private let bell: StreamBell
    private let knowsEndedSessions: @Sendable () -> Bool

    /// - Parameter knowsEndedSessions: false while the stream's session may have ended without a word to this process.
    public init(
        inbox: Inbox, callbacks: any CallbackStore, bell: StreamBell,
        knowsEndedSessions: @escaping @Sendable () -> Bool = { true }
    ) {
        self.knowsEndedSessions = knowsEndedSessions
        self.inbox = inbox
        self.callbacks = callbacks
        self.bell = bell
    }

    public typealias Write = @Sendable ([StreamEvent]) async throws -> Void

    /// Tells what was passed over, what waits, and that this was all. Returns the last number told: not all when the bell has
    /// ended the stream meanwhile.
    public func begin(after start: MessageNumber, write: Write) async throws -> MessageNumber {
        try await announcePassedOver(write)
        let last = try await catchUp(after: start, write: write)
        if bell.endReason == nil { try await write([.caughtUp]) }
        return last
    }

    /// Tells what the store has beyond `last`, by the page. `write` is awaited: a slow reader slows only itself, and no more
    /// than a page is held for it. Returns the last number told.
    public func catchUp(after last: MessageNumber, write: Write) async throws -> MessageNumber {
        var last = last
        while bell.endReason == nil {
            let page: PendingPage
            do {
                page = try await inbox.pending(for: bell.device, after: last)
            } catch InboxError.superseded {
                bell.end(.loggedOut)
                break
            }
            guard try await isStillLive() else { break }
            let events = Self.events(of: page, after: &last)
            if !events.isEmpty { try await write(events) }
            if page.messages.isEmpty { break }
        }
        return last
    }

    /// Writes what was handed over. False, and nothing is written, when the stream has ended.
    public func relay(_ messages: [InboxMessage], write: Write) async throws -> Bool {
        guard try await isStillLive() else { return false }
        try await write(messages.map { .message($0) })
        return true
    }

    /// Waits while it is not known: a process that was stopped must learn what ended meanwhile before it goes on.
    private func isStillLive() async throws -> Bool {
        while !knowsEndedSessions(), bell.endReason == nil { try await Task.sleep(for: .milliseconds(20)) }
        return bell.endReason == nil
    }

    /// Numbers are contiguous, so a missing one was dropped; but what the device acknowledged meanwhile is no gap.
    static func events(of page: PendingPage, after last: inout MessageNumber) -> [StreamEvent] {
        last = max(last, page.start)
        var events: [StreamEvent] = []
        for message in page.messages {
            if message.number > last.next { events.append(.gap(Gap(from: last.next, to: message.number.previous))) }
            events.append(.message(message))
            last = message.number
        }
        if page.messages.isEmpty, page.head > last {
            events.append(.gap(Gap(from: last.next, to: page.head)))
            last = page.head
        }
        return events
    }

    private func announcePassedOver(_ write: Write) async throws {
        let numbers = try await callbacks.passedOver(by: bell.device)
        guard !numbers.isEmpty else { return }
        try await write(numbers.map { .gap(Gap(from: $0, to: $0)) })
        try await callbacks.forgetPassedOver(numbers, by: bell.device)
    }
}

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

/// One device's stream: what waits, read from the store by the page, then what comes, from memory as long as nothing is
/// missed. Nothing is acknowledged by it.
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

    /// Runs until the bell ends it or `write` throws. `write` is awaited: a slow reader slows only itself, and no more
    /// than a page is held for it.
    public func run(after start: MessageNumber, write: ([StreamEvent]) async throws -> Void) async throws {
        try await announcePassedOver(write)
        var last = start
        var isCaughtUp = false
        while bell.endReason == nil {
            let page: PendingPage
            do {
                page = try await inbox.pending(for: bell.device, after: last)
            } catch InboxError.superseded {
                bell.end(.loggedOut)
                break
            }
            guard try await isStillLive() else { break }
            var events = Self.events(of: page, after: &last)
            let isEmpty = page.messages.isEmpty
            if isEmpty, !isCaughtUp {
                events.append(.caughtUp)
                isCaughtUp = true
            }
            if !events.isEmpty { try await write(events) }
            if isEmpty { try await relay(after: &last, write) }
        }
        switch bell.endReason {
        case .replaced: try await write([.replaced])
        case .loggedOut: try await write([.loggedOut])
        case .closing: try await write([.closing])
        case .disconnected, nil: break
        }
    }

    /// Writes what is handed over, until the store has to be read again or the stream ends.
    private func relay(after last: inout MessageNumber, _ write: ([StreamEvent]) async throws -> Void) async throws {
        while true {
            switch await bell.next(after: last) {
            case .fresh(let messages):
                guard try await isStillLive() else { return }
                try await write(messages.map { .message($0) })
                last = messages.last?.number ?? last
            case .quiet: try await write([.keepAlive])
            case .news, .end: return
            }
        }
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

    private func announcePassedOver(_ write: ([StreamEvent]) async throws -> Void) async throws {
        let numbers = try await callbacks.passedOver(by: bell.device)
        guard !numbers.isEmpty else { return }
        try await write(numbers.map { .gap(Gap(from: $0, to: $0)) })
        try await callbacks.forgetPassedOver(numbers, by: bell.device)
    }
}

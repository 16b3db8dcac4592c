import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// One run: opens the streams, lets the writers send, waits for what is still under way.
final class LoadRun: Sendable {
    private static let warmUp = Duration.seconds(2)
    /// For what was accepted to arrive.
    private static let patience = Duration.seconds(60)
    /// Handshakes at once.
    private static let openingAtOnce = 64

    private let plan: LoadPlan
    private let server: Endpoint
    private let sink: CallbackSink?
    private let processes: [pid_t]
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let sends = Latencies()
    private let arrivals = Latencies()
    private let counts = Mutex((accepted: 0, refused: 0, received: 0))

    init(plan: LoadPlan, server: Endpoint, sink: CallbackSink?, processes: [pid_t]) {
        self.plan = plan
        self.server = server
        self.sink = sink
        self.processes = processes
        start = clock.now
    }

    func run() async throws -> LoadResult {
        let before = ProcessUsage(of: processes)
        try await openStreams()
        let withStreams = ProcessUsage(of: processes)
        if plan.writers.isEmpty { try await Task.sleep(for: .seconds(plan.seconds)) }
        let begin = clock.now + Self.warmUp
        let end = begin + .seconds(plan.seconds)
        async let warm = snapshotAfterWarmUp(begin)
        try await withThrowingDiscardingTaskGroup { group in
            for (index, writer) in plan.writers.enumerated() {
                group.addTask { try await self.write(as: writer, index, until: end) }
            }
        }
        let sent = clock.now
        try await waitForArrivals()
        let last = clock.now
        let after = ProcessUsage(of: processes)
        let base = try await warm
        let (accepted, refused, _) = counts.withLock { $0 }
        let messages = accepted - base.accepted
        let (duration, whole) = (Self.seconds(sent - begin), Self.seconds(last - begin))
        let pushed = (sink?.count ?? 0) - base.pushed
        return LoadResult(
            streams: plan.listeners.count, writers: plan.writers.count, seconds: duration, accepted: messages, refused: refused,
            acceptedPerSecond: Double(messages) / max(duration, 0.001), send: sends.summary, stream: arrivals.summary,
            pushed: pushed, pushedPerSecond: Double(pushed) / max(whole, 0.001),
            processorMicrosecondsPerMessage: messages == 0
                ? 0 : (after.processorTime - base.usage.processorTime) * 1e6 / Double(messages),
            memoryBefore: before.memory, memoryWithStreams: withStreams.memory, memoryAfter: after.memory)
    }

    private func snapshotAfterWarmUp(
        _ begin: ContinuousClock.Instant
    ) async throws -> (usage: ProcessUsage, accepted: Int, pushed: Int) {
        if !plan.writers.isEmpty { try await clock.sleep(until: begin) }
        sends.reset()
        arrivals.reset()
        return (ProcessUsage(of: processes), counts.withLock { $0.accepted }, sink?.count ?? 0)
    }

    private func waitForArrivals() async throws {
        let deadline = clock.now + Self.patience
        while clock.now < deadline {
            let (accepted, _, received) = counts.withLock { $0 }
            let expected = accepted
            if (plan.listeners.isEmpty || received >= expected) && (sink?.count ?? expected) >= expected { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

// MARK: - Writers

extension LoadRun {
    private func write(as writer: Person, _ index: Int, until end: ContinuousClock.Instant) async throws {
        let channel = try await server.connect { Exchange() }
        let head = server.head(.POST, "/api/messages/", by: writer)
        // Writers are spread over the first interval.
        var due = clock.now + (plan.interval.map { $0 * index / plan.writers.count } ?? .zero)
        var message = 0
        while clock.now < end {
            if let interval = plan.interval {
                if due > clock.now { try await clock.sleep(until: due, tolerance: .microseconds(100)) }
                try await send(message, by: writer, index, on: channel, head, due: due)
                due += interval
            } else {
                try await send(message, by: writer, index, on: channel, head, due: clock.now)
            }
            message += 1
        }
        try await channel.close()
    }

    private func send(
        _ message: Int, by writer: Person, _ index: Int, on channel: any Channel, _ head: HTTPRequestHead,
        due: ContinuousClock.Instant
    ) async throws {
        let receiver = plan.receiver(of: index, message: message)
        let time = String(Self.nanoseconds(due - start))
        let text = time + " " + String(repeating: "x", count: max(0, plan.size - time.utf8.count - 1))
        let key = plan.hasKeys ? #","client_message_id":"\#(writer.id).\#(time)""# : ""
        let body = ByteBuffer(
            string: #"{"message":"\#(text)","sender_id":\#(writer.id),"sender_username":"\#(writer.name)","#
                + #""receiver_id":\#(receiver.id),"send_date":"2026-01-02 03:04:05"\#(key)}"#)
        let status = try await channel.post(head, body)
        sends.record(clock.now - due)
        counts.withLock { if status == 200 { $0.accepted += 1 } else { $0.refused += 1 } }
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

// MARK: - Streams

extension LoadRun {
    private func openStreams() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, person) in plan.listeners.enumerated() {
                if index >= Self.openingAtOnce { try await group.next() }
                group.addTask { try await self.listen(as: person) }
            }
            try await group.waitForAll()
        }
    }

    private func listen(as person: Person) async throws {
        let acknowledging = plan.ackEvery > 0 && !plan.writers.isEmpty ? try await server.connect { Exchange() } : nil
        let ready = Self.loop.makePromise(of: Void.self)
        let request = server.head(.GET, "/api/messages/", by: person, more: [("Accept", "text/event-stream")])
        _ = try await server.connect {
            var received = 0
            return StreamListener(request, ready: ready) { number, data in
                received += 1
                self.arrived(data)
                if received % max(1, self.plan.ackEvery) == 0 { self.acknowledge(number, as: person, on: acknowledging) }
            }
        }
        try await ready.futureResult.get()
    }

    private static let loop = MultiThreadedEventLoopGroup.singleton.next()

    private func arrived(_ data: Substring) {
        if let nanoseconds = Int64(data.prefix { $0 != " " }) {
            arrivals.record(clock.now - start - .nanoseconds(nanoseconds))
        }
        counts.withLock { $0.received += 1 }
    }

    private func acknowledge(_ number: Substring, as person: Person, on channel: (any Channel)?) {
        guard let channel else { return }
        let head = server.head(.POST, "/api/messages/ack/", by: person)
        let body = ByteBuffer(string: #"{"through":\#(number)}"#)
        // A stream does not wait for its acknowledgements.
        Task { _ = try? await channel.post(head, body) }
    }
}

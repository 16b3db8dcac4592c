import HTTPTypes
import TestSupport

/// Writers and readers of every kind that go on through whatever happens to the server, and the ledger's verdict on it.
struct DeliveryScenario: Sendable {
    var rounds = 10
    var roundLength = 400...1_200
    /// How often each callback address may see a message again because of an interruption.
    var repeats = 1
    /// After the rounds the writers go on until they have sent so many, however slow the machine is.
    var leastSent = 0
    /// When nothing more has come for this long, nothing will: longer than a poll, where a signal can be lost.
    var patience = Duration.seconds(15)
    var writers = 4
    /// Milliseconds from a writer's answer to its next message.
    var pace = 0...4
    var receiversOfEachKind = 2
    /// Receivers by callback beyond those.
    var moreCallbacks = 0
    /// Whether every second stream goes on until the server ends it.
    var hasSteadyStreams = false
    /// Readers give a connection up that is silent for this long.
    var silence = Duration.seconds(60)
    var ledger = DeliveryLedger()

    let base: String
    let seed: UInt64

    private struct Cast {
        var writers: [ScenarioWriter] = []
        var streams: [StreamReader] = []
        var fetches: [FetchReader] = []
    }

    /// Runs everything around the rounds; `interrupt` is what ends each, by its number from 0: such as kill the
    /// server and start it again.
    func run(interrupt: @escaping @Sendable (Int) async throws -> Void) async throws -> Verdict {
        // Some speak HTTP/1.1, some HTTP/2 if there is TLS.
        let clients = [true, false].map { TestClient(base, http1Only: $0, silence: silence) }
        return try await CallbackSink.run { push, count in
            await take(push, count)
        } _: { sink in
            let cast = try await makeCast(clients, sink)
            try await play(cast, interrupt)
            return await ledger.verdict
        }
    }

    /// Answers a callback; one in some hundred gets an error although it has arrived, and comes again.
    private func take(_ push: CallbackSink.Push, _ count: Int) async -> HTTPResponse.Status {
        guard let message = push.message, let device = push.path.split(separator: "/").last.flatMap({ Int64($0) }) else {
            await ledger.surprise("a callback without a message")
            return .badRequest
        }
        let reader = DeliveryLedger.Reader(inbox: message.receiverID.rawValue, device: device, kind: .callback)
        await ledger.arrived(message.messageID.rawValue, ScenarioMessage.id(in: message.message), at: reader)
        guard count % 400 == 399 else { return .ok }
        await ledger.refusedCallback(at: reader)
        return .internalServerError
    }

    private func makeCast(_ clients: [TestClient], _ sink: CallbackSink) async throws -> Cast {
        var cast = Cast()
        var receivers: [Int64] = []
        for index in 0..<receiversOfEachKind {
            let client = clients[index % clients.count]
            let stream = StreamReader(
                user: try await TestUser.make(on: client), ledger: ledger, isSteady: hasSteadyStreams && index % 2 == 1)
            let fetch = FetchReader(user: try await TestUser.make(on: client), ledger: ledger)
            await ledger.expect(stream.reader)
            await ledger.expect(fetch.reader)
            cast.streams.append(stream)
            cast.fetches.append(fetch)
            receivers += [stream.user.id, fetch.user.id]
        }
        for index in 0..<receiversOfEachKind + moreCallbacks {
            // A callback reader logs in once, and is then only pushed to. Its address says which one it is.
            let callback = try await TestUser.make(on: clients[index % clients.count], address: "\(sink.address)/\(index)")
            if callback.callback != "active" { await ledger.surprise("callback: \(callback.callback)") }
            await ledger.expect(.init(inbox: callback.id, device: Int64(index), kind: .callback))
            receivers.append(callback.id)
        }
        for index in 0..<writers {
            cast.writers.append(
                ScenarioWriter(
                    name: "w\(index)", user: try await TestUser.make(on: clients[index / 2 % clients.count]),
                    usesKeys: index % 2 == 0, receivers: receivers, ledger: ledger, pace: pace))
        }
        return cast
    }

    private func play(_ cast: Cast, _ interrupt: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { readers in
            for (index, reader) in cast.streams.enumerated() {
                readers.addTask { await reader.run(SeededRandom(seed: seed, part: 100 + index)) }
            }
            for (index, reader) in cast.fetches.enumerated() {
                readers.addTask { await reader.run(SeededRandom(seed: seed, part: 200 + index)) }
            }
            try await write(cast.writers, interrupt)
            // Once the last message has arrived in order, all those before it have, answered or not.
            await cast.writers[0].sendLast(SeededRandom(seed: seed, part: 1))
            try await drain()
            readers.cancelAll()
        }
    }

    private func write(_ writers: [ScenarioWriter], _ interrupt: @escaping @Sendable (Int) async throws -> Void) async throws {
        let stop = StopSign()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, writer) in writers.enumerated() {
                group.addTask { await writer.run(SeededRandom(seed: seed, part: 300 + index), until: stop) }
            }
            var random = SeededRandom(seed: seed, part: 0)
            for round in 0..<rounds {
                try await Task.sleep(for: random.pause(roundLength))
                await ledger.allowRepeats(repeats)
                try await interrupt(round)
            }
            while await ledger.progress.sent < leastSent { try await Task.sleep(for: .milliseconds(20)) }
            stop.raise()
            try await group.waitForAll()
        }
    }

    /// Waits until all that was accepted has arrived, or nothing more comes.
    private func drain() async throws {
        var last = await ledger.progress.outstanding
        var since = ContinuousClock.now
        while last > 0, ContinuousClock.now - since < patience {
            try await Task.sleep(for: .milliseconds(50))
            let outstanding = await ledger.progress.outstanding
            if outstanding != last { since = .now }
            last = outstanding
        }
        // What must not come gets a moment to come.
        try await Task.sleep(for: .milliseconds(300))
    }
}

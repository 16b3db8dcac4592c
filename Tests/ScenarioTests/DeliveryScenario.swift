import HTTPTypes
import TestSupport

/// Writers and readers of every kind that go on through whatever happens to the server, and the ledger's verdict on it.
struct DeliveryScenario: Sendable {
    var rounds = 10
    var roundLength = 400...1_200
    /// After the rounds the writers go on until they have sent so many, however slow the machine is.
    var leastSent = 0
    /// When nothing more has come for this long, nothing will: longer than a poll, where a signal can be lost.
    var patience = Duration.seconds(15)
    var writers = 4
    var receiversOfEachKind = 2

    let base: String
    let seed: UInt64

    private struct Cast {
        var writers: [ScenarioWriter] = []
        var streams: [StreamReader] = []
        var fetches: [FetchReader] = []
    }

    /// Runs everything around the rounds; `interrupt` is what ends each: such as kill the server and start it again.
    func run(interrupt: @escaping @Sendable () async throws -> Void) async throws -> Verdict {
        let ledger = DeliveryLedger()
        // Some speak HTTP/1.1, some HTTP/2 if there is TLS.
        let clients = [TestClient(base), TestClient(base, http1Only: false)]
        return try await CallbackSink.run { push, count in
            await take(push, count, ledger)
        } _: { sink in
            let cast = try await makeCast(clients, sink, ledger)
            try await play(cast, ledger, interrupt)
            return await ledger.verdict
        }
    }

    /// Answers a callback; one in some hundred gets an error although it has arrived, and comes again.
    private func take(_ push: CallbackSink.Push, _ count: Int, _ ledger: DeliveryLedger) async -> HTTPResponse.Status {
        guard let message = push.message, let device = push.path.split(separator: "/").last.flatMap({ Int64($0) }) else {
            await ledger.surprise("a callback without a message")
            return .badRequest
        }
        let reader = DeliveryLedger.Reader(inbox: message.receiverID.rawValue, device: device, kind: .callback)
        await ledger.arrived(message.messageID.rawValue, ScenarioMessage.id(in: message.message), at: reader)
        return count % 400 == 399 ? .internalServerError : .ok
    }

    private func makeCast(_ clients: [TestClient], _ sink: CallbackSink, _ ledger: DeliveryLedger) async throws -> Cast {
        var cast = Cast()
        var receivers: [Int64] = []
        for index in 0..<receiversOfEachKind {
            let client = clients[index % clients.count]
            let stream = StreamReader(user: try await TestUser.make(on: client), ledger: ledger)
            let fetch = FetchReader(user: try await TestUser.make(on: client), ledger: ledger)
            // A callback reader logs in once, and is then only pushed to. Its address says which one it is.
            let callback = try await TestUser.make(on: client, address: "\(sink.address)/\(index)")
            if callback.callback != "active" { await ledger.surprise("callback: \(callback.callback)") }
            await ledger.expect(stream.reader)
            await ledger.expect(fetch.reader)
            await ledger.expect(.init(inbox: callback.id, device: Int64(index), kind: .callback))
            cast.streams.append(stream)
            cast.fetches.append(fetch)
            receivers += [stream.user.id, fetch.user.id, callback.id]
        }
        for index in 0..<writers {
            cast.writers.append(
                ScenarioWriter(
                    name: "w\(index)", user: try await TestUser.make(on: clients[index / 2 % clients.count]),
                    usesKeys: index % 2 == 0, receivers: receivers, ledger: ledger))
        }
        return cast
    }

    private func play(
        _ cast: Cast, _ ledger: DeliveryLedger, _ interrupt: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { readers in
            for (index, reader) in cast.streams.enumerated() {
                readers.addTask { await reader.run(SeededRandom(seed: seed, part: 100 + index)) }
            }
            for (index, reader) in cast.fetches.enumerated() {
                readers.addTask { await reader.run(SeededRandom(seed: seed, part: 200 + index)) }
            }
            try await write(cast.writers, ledger, interrupt)
            // Once the last message has arrived in order, all those before it have, answered or not.
            await cast.writers[0].sendLast(SeededRandom(seed: seed, part: 1))
            try await drain(ledger)
            readers.cancelAll()
        }
    }

    private func write(
        _ writers: [ScenarioWriter], _ ledger: DeliveryLedger, _ interrupt: @escaping @Sendable () async throws -> Void
    ) async throws {
        let stop = StopSign()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, writer) in writers.enumerated() {
                group.addTask { await writer.run(SeededRandom(seed: seed, part: 300 + index), until: stop) }
            }
            var random = SeededRandom(seed: seed, part: 0)
            for _ in 0..<rounds {
                try await Task.sleep(for: random.pause(roundLength))
                try await interrupt()
            }
            while await ledger.progress.sent < leastSent { try await Task.sleep(for: .milliseconds(20)) }
            stop.raise()
            try await group.waitForAll()
        }
    }

    /// Waits until all that was accepted has arrived, or nothing more comes.
    private func drain(_ ledger: DeliveryLedger) async throws {
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

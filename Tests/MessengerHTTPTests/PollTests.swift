import MessengerAPI
import MessengerCore
import MessengerHTTP
import TestSupport
import Testing

/// Loses every announcement, as a broker does that is away.
private struct DeafSignal: InboxSignal {
    func announce(_ stored: [InboxMessage], hints: [HintDestination: Hints]) {}
    func subscribe(_ onNews: @escaping @Sendable (InboxNews) -> Void) {}
}

@Suite("Polls find what a lost signal missed", .timeLimit(.minutes(1)))
struct PollTests {
    private func run(_ time: TestTime, _ body: @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run(
            {
                $0.use(time)
                $0.stores = {
                    Stores(
                        accounts: $0.accounts, inboxes: $0.inboxes, callbacks: $0.callbacks, signal: DeafSignal(),
                        presence: $0.presence, keys: $0.keys, blobs: $0.blobs, log: $0.log,
                        phoneKey: $0.phoneKey)
                }
            }, body)
    }

    @Test("A live stream gets its message within 5 s")
    func stream() async throws {
        let time = TestTime()
        try await run(time) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            try await ann.client.stream(token: ann.token) { events in
                _ = try await events.next()
                for number in 1...3 {
                    #expect(try await ann.send("x", to: ann.id).status == 200)
                    try await time.passOnceAllSleep(.seconds(5))
                    let event = try await events.next()
                    #expect(event?.id == "\(number)")
                }
            }
        }
    }

    @Test("An address gets its message within 5 s")
    func callback() async throws {
        let time = TestTime()
        try await run(time) { server in
            try await CallbackSink.run { sink in
                let ann = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                for number in 1...3 {
                    #expect(try await ann.send("x", to: ann.id).status == 200)
                    try await time.passOnceAllSleep(.seconds(5))
                    try await eventually("pushed") { sink.numbers.count == number }
                }
            }
        }
    }
}

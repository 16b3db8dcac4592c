import MessengerAPI
import MessengerCore
import MessengerHTTP
import TestSupport
import Testing

/// Loses every announcement, as a broker does that is away.
private struct DeafSignal: InboxSignal {
    func announce(_ users: [UserID]) {}
    func subscribe(_ onNews: @escaping @Sendable ([UserID]) -> Void) {}
}

@Suite("Polls find what a lost signal missed", .timeLimit(.minutes(1)))
struct PollTests {
    private func run(_ time: TestTime, _ body: @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run({
            $0.use(time)
            $0.stores = {
                Stores(
                    accounts: $0.accounts, inboxes: $0.inboxes, callbacks: $0.callbacks, signal: DeafSignal(),
                    phoneKey: $0.phoneKey)
            }
        }, body)
    }

    @Test("A live stream gets its message within 5 s")
    func stream() async throws {
        let time = TestTime()
        try await run(time) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let start = time.now
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                // The poll wakes by the clock, which stands still otherwise.
                let clock = Task {
                    while !Task.isCancelled {
                        try await Task.sleep(for: .milliseconds(20))
                        time.advance(by: .milliseconds(100))
                    }
                }
                defer { clock.cancel() }
                for number in 1...3 {
                    #expect(try await ann.send("x", to: ann.id).status == 200)
                    let event = try await events.next()
                    #expect(event?.id == "\(number)")
                }
            }
            #expect(time.now - start <= .seconds(3 * 6))
        }
    }

    @Test("An address gets its message within 5 s")
    func callback() async throws {
        let time = TestTime()
        try await run(time) { server in
            try await CallbackSink.run { sink in
                let ann = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                let start = time.now
                for number in 1...3 {
                    #expect(try await ann.send("x", to: ann.id).status == 200)
                    try await eventually("pushed") {
                        time.advance(by: .milliseconds(100))
                        return sink.numbers.count == number
                    }
                }
                #expect(time.now - start <= .seconds(3 * 6))
            }
        }
    }
}

import MessengerCore
import TestSupport
import Testing

@Suite("Floods of logins", .timeLimit(.minutes(2)))
struct PasswordFloodTests {
    /// Fewer than the pool takes, so that each costs a hash and none is refused.
    private static let guessers = 60
    private static let samples = 60
    /// Other tests run beside this one: a burst of theirs may spoil an attempt, but not all of them.
    private static let attempts = 5

    private struct Latency {
        let send: Duration
        let stream: Duration

        func isWithin(_ factor: Int, of other: Latency) -> Bool {
            send <= other.send * factor && stream <= other.stream * factor
        }
    }

    @Test("A flood of logins leaves sends and streams of others within twice their quiet latency")
    func latency() async throws {
        try await TestServer.run({ $0.substitutes.passwordCost = .standard }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                var results: [String] = []
                for _ in 1...Self.attempts {
                    let quiet = try await Self.measure(ann, &events)
                    let flooded = try await Self.flooding(client) { try await Self.measure(ann, &events) }
                    if flooded.isWithin(2, of: quiet) { return }
                    results.append("\(quiet) quiet, \(flooded) in the flood")
                }
                Issue.record("\(results.joined(separator: "; "))")
            }
        }
    }

    @Test("More logins than the pool takes are 503 with a time to come again")
    func busy() async throws {
        try await TestServer.run({ $0.substitutes.passwordCost = .standard }) { server in
            let client = TestClient(server.url)
            try await withThrowingTaskGroup(of: TestClient.Answer.self) { group in
                for _ in 0..<200 { group.addTask { try await client.logIn("nobody") } }
                var statuses: [Int: Int] = [:]
                for try await answer in group {
                    statuses[answer.status, default: 0] += 1
                    if answer.status == 503 { #expect(answer.headers["retry-after"] == "1") }
                }
                #expect(Set(statuses.keys) == [401, 503], "\(statuses)")
                #expect(statuses[401, default: 0] >= 65, "the pool and its queue of 64")
            }
        }
    }

    private static func measure(_ user: TestUser, _ events: inout EventReader) async throws -> Latency {
        var (sends, arrivals): ([Duration], [Duration]) = ([], [])
        for _ in 0..<samples {
            let start = ContinuousClock.now
            #expect(try await user.send("x", to: user.id).status == 200)
            sends.append(ContinuousClock.now - start)
            _ = try await events.next()
            arrivals.append(ContinuousClock.now - start)
        }
        return Latency(send: sends.sorted()[samples / 2], stream: arrivals.sorted()[samples / 2])
    }

    private static func flooding<Value>(_ client: TestClient, _ body: () async throws -> Value) async throws -> Value {
        let flood = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<guessers {
                    group.addTask {
                        while !Task.isCancelled { _ = try await client.logIn("nobody-\(index)") }
                    }
                }
                try await group.waitForAll()
            }
        }
        defer { flood.cancel() }
        return try await body()
    }
}

import MessengerCore
import TestSupport
import Testing

@Suite("Rate limits", .timeLimit(.minutes(1)))
struct RateLimitTests {
    private func run(
        perSecond: Int, burst: Int, exempt: [IPRange] = [], _ body: @Sendable (TestClient, TestTime) async throws -> Void
    ) async throws {
        let time = TestTime()
        try await TestServer.run({
            $0.use(time)
            $0.settings.rateLimit.perSecond = perSecond
            $0.settings.rateLimit.burst = burst
            $0.settings.rateLimit.exempt = exempt
            $0.settings.trustedProxies = [IPRange("127.0.0.1")!]
        }) { server in try await body(TestClient(server.url), time) }
    }

    private static func ask(_ client: TestClient, from address: String) async throws -> TestClient.Answer {
        try await client.call("GET", "/api/messages/", headers: TestClient.from(address))
    }

    @Test("An address beyond its burst is told when to come again; health goes on answering")
    func burst() async throws {
        try await run(perSecond: 1, burst: 3) { client, time in
            for _ in 1...3 { #expect(try await Self.ask(client, from: "203.0.113.1").status == 401) }
            let refused = try await Self.ask(client, from: "203.0.113.1")
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] == "1")
            #expect(refused.headers["cache-control"] == "no-store")
            #expect(try await Self.ask(client, from: "203.0.113.2").status == 401)
            for path in ["/api/health/", "/api/health", "/health/", "/health"] {
                #expect(try await client.call("GET", path, headers: TestClient.from("203.0.113.1")).status == 200)
            }
            time.advance(by: .seconds(2))
            for status in [401, 401, 429] { #expect(try await Self.ask(client, from: "203.0.113.1").status == status) }
        }
    }

    @Test("A stream or a send that is refused counts once, like any other request")
    func refusals() async throws {
        try await run(perSecond: 1, burst: 3) { client, _ in
            let ann = try await TestUser.make(on: client)
            func statuses(
                from address: String, _ call: ([String: String]) async throws -> TestClient.Answer
            ) async throws -> [Int] {
                var statuses: [Int] = []
                for _ in 1...4 { statuses.append(try await call(TestClient.from(address)).status) }
                return statuses
            }
            func stream(_ path: String, token: String, _ headers: [String: String]) async throws -> TestClient.Answer {
                try await client.call(
                    "GET", path, token: token, headers: headers.merging(["Accept": "text/event-stream"]) { $1 })
            }
            let unknown = try await statuses(from: "203.0.113.1") { try await stream("/api/messages/", token: "none", $0) }
            #expect(unknown == [401, 401, 401, 429])
            let ahead = try await statuses(from: "203.0.113.2") {
                try await stream("/api/messages/?after=9", token: ann.token, $0)
            }
            #expect(ahead == [409, 409, 409, 429])
            let empty = try await statuses(from: "203.0.113.3") { try await ann.post("/api/messages/", [:], headers: $0) }
            #expect(empty == [400, 400, 400, 429])
        }
    }

    @Test("Unknown paths count as well")
    func unknownPaths() async throws {
        try await run(perSecond: 1, burst: 2) { client, _ in
            var statuses: [Int] = []
            for _ in 1...3 { statuses.append(try await client.call("GET", "/nothing").status) }
            #expect(statuses == [404, 404, 429])
        }
    }

    @Test("An IPv6 client is its /64, and an IPv4-mapped address is the IPv4 one")
    func networks() async throws {
        try await run(perSecond: 1, burst: 1) { client, _ in
            let cases = [
                ("2001:db8:1:1::1", 401), ("2001:db8:1:1:ffff::2", 429), ("2001:db8:1:2::1", 401), ("198.51.100.9", 401),
                ("::ffff:198.51.100.9", 429),
            ]
            for (address, status) in cases {
                let answer = try await Self.ask(client, from: address)
                #expect(answer.status == status, "\(address)")
            }
        }
    }

    @Test("The rightmost address that is no trusted proxy counts; what cannot be parsed means the peer")
    func forwardedChains() async throws {
        try await run(perSecond: 1, burst: 1) { client, _ in
            let cases = [
                ("203.0.113.1", 401), ("198.51.100.7, 203.0.113.1", 429), ("203.0.113.1, 127.0.0.1", 429),
                ("203.0.113.5, 203.0.113.6", 401), ("203.0.113.5", 401), ("not an address", 401), ("unknown, 127.0.0.1", 429),
                ("203.0.113.77:1234", 429),
            ]
            for (chain, status) in cases {
                let answer = try await Self.ask(client, from: chain)
                #expect(answer.status == status, "\(chain)")
            }
        }
    }

    @Test("Nobody but a trusted proxy is believed")
    func untrusted() async throws {
        try await TestServer.run({
            $0.settings.rateLimit.perSecond = 1
            $0.settings.rateLimit.burst = 1
            $0.use(TestTime())
        }) { server async throws in
            let client = TestClient(server.url)
            #expect(try await Self.ask(client, from: "203.0.113.1").status == 401)
            #expect(try await Self.ask(client, from: "203.0.113.2").status == 429)
        }
    }

    @Test("Exempt ranges have no limit")
    func exempt() async throws {
        try await run(perSecond: 1, burst: 1, exempt: [IPRange("203.0.113.0/24")!]) { client, _ async throws in
            for _ in 1...5 { #expect(try await Self.ask(client, from: "203.0.113.1").status == 401) }
            #expect(try await Self.ask(client, from: "203.0.114.1").status == 401)
            #expect(try await Self.ask(client, from: "203.0.114.1").status == 429)
        }
    }

    @Test("Logins and registrations have bursts of 100 and 5 a second of their own", arguments: ["login", "registration"])
    func credentials(_ kind: String) async throws {
        try await run(perSecond: 1_000, burst: 1_000) { client, time in
            func attempt(from address: String) async throws -> TestClient.Answer {
                let path = kind == "login" ? "/api/login/" : "/api/users/"
                return try await client.post(path, [:], headers: TestClient.from(address))
            }
            for _ in 1...100 { #expect(try await attempt(from: "203.0.113.1").status == 400) }
            let refused = try await attempt(from: "203.0.113.1")
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] == "1")
            #expect(try await attempt(from: "203.0.113.2").status == 400)
            #expect(try await Self.ask(client, from: "203.0.113.1").status == 401)
            time.advance(by: .seconds(1))
            for _ in 1...5 { #expect(try await attempt(from: "203.0.113.1").status == 400) }
            #expect(try await attempt(from: "203.0.113.1").status == 429)
        }
    }
}

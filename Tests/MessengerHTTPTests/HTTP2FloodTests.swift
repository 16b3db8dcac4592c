import TestSupport
import Testing

/// What costs a client little and a server much (CVE-2019-9511 ff., CVE-2023-44487, CVE-2024-27316).
@Suite("HTTP/2 floods", .timeLimit(.minutes(1)))
struct HTTP2FloodTests {
    enum Flood: CaseIterable {
        case resets, settings, pings, emptyData, continuations, halfOpenStreams, badStreams

        /// Round after round of it, from a connection whose preface has been sent.
        func frames(_ round: Int) -> [UInt8] {
            let stream = UInt32(2 * round + 1)
            switch self {
            case .resets: return HTTP2Frames.headers(HTTP2Frames.get("/health"), stream: stream) + HTTP2Frames.reset(stream)
            case .settings: return HTTP2Frames.settings([(4, 65_535)])
            case .pings: return HTTP2Frames.ping()
            case .emptyData:
                let open = HTTP2Frames.headers(
                    [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/api/login")], stream: 1,
                    flags: HTTP2Frames.endOfHeaders)
                return (round == 0 ? open : []) + HTTP2Frames.data([], stream: 1)
            case .continuations:
                let open = HTTP2Frames.headers(HTTP2Frames.get("/health"), stream: 1, flags: HTTP2Frames.endOfStream)
                return (round == 0 ? open : []) + HTTP2Frames.continuation(HTTP2Frames.block([("x-\(round)", "y")]), stream: 1)
            case .halfOpenStreams:
                return HTTP2Frames.headers(
                    [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/api/login")], stream: stream,
                    flags: HTTP2Frames.endOfHeaders)
            // Not lower case: an error of the stream, which makes the server reset it (CVE-2025-8671).
            case .badStreams: return HTTP2Frames.headers(HTTP2Frames.get("/health", more: [("X", "y")]), stream: stream)
            }
        }

        /// So much is an ordinary client.
        var harmless: Int { self == .halfOpenStreams ? 50 : 20 }
    }

    private static let rounds = 20_000

    private func connect(to server: TestServer, reads: Bool = true) async throws -> RawConnection {
        let connection = try await RawConnection(port: server.port, reads: reads, tls: .test(protocols: ["h2"]))
        try await connection.send(HTTP2Frames.preface)
        return connection
    }

    @Test("A flood ends its own connection, and nobody else's", arguments: Flood.allCases)
    func flood(_ flood: Flood) async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let client = TestClient(server.url, http1Only: false)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                let connection = try await connect(to: server)
                var round = 0
                while round < Self.rounds, !connection.isClosed {
                    let burst = (round..<round + 100).flatMap { flood.frames($0) }
                    round += 100
                    if (try? await connection.send(burst)) == nil { break }
                }
                try await eventually("the end of the flood") { connection.isClosed }
                #expect(try await ann.send("still live", to: ann.id).status == 200)
                let event = try await events.next()
                #expect(event?.message?.message == "still live")
            }
        }
    }

    @Test("A little of the same is no flood", arguments: [Flood.resets, .settings, .pings, .halfOpenStreams])
    func harmless(_ flood: Flood) async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let connection = try await connect(to: server)
            try await connection.send((0..<flood.harmless).flatMap { flood.frames($0) })
            try await connection.send(HTTP2Frames.headers(HTTP2Frames.get("/health"), stream: 99_999))
            try await eventually("an answer with a body") { HTTP2Frames.types(in: connection.bytes).contains(0) }
            #expect(!connection.isClosed)
            try await connection.close()
        }
    }

    @Test("Streams beyond 100 at once are refused one by one")
    func streamLimit() async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let connection = try await connect(to: server)
            // The server's settings have to be known before they bind.
            try await eventually("settings") { HTTP2Frames.types(in: connection.bytes).contains(4) }
            try await connection.send(HTTP2Frames.frame(4, flags: 1))
            try await connection.send((0..<100).flatMap { Flood.halfOpenStreams.frames($0) })
            try await connection.send(HTTP2Frames.ping())
            try await eventually("the ping's answer") { HTTP2Frames.types(in: connection.bytes).contains(6) }
            #expect(!HTTP2Frames.types(in: connection.bytes).contains(3))
            try await connection.send(Flood.halfOpenStreams.frames(100))
            try await eventually("the refusal") { HTTP2Frames.types(in: connection.bytes).contains(3) || connection.isClosed }
            try? await connection.close()
        }
    }

    @Test("A client that opens no window for its answers is closed, and holds nobody up")
    func noWindow() async throws {
        try await TestServer.run({
            $0.tls = true
            $0.substitutes.connectionTimes.stall = .seconds(1)
        }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let text = String(repeating: "x", count: 200_000)
            for _ in 1...20 { #expect(try await ann.send(text, to: ann.id).status == 200) }
            let connection = try await connect(to: server)
            try await connection.send(HTTP2Frames.settings([(4, 0)]))
            let stream = HTTP2Frames.get(
                "/api/messages/", more: [("authorization", "Bearer \(ann.token)"), ("accept", "text/event-stream")])
            try await connection.send(HTTP2Frames.headers(stream, stream: 1))
            try await eventually("the stream or the connection ends") {
                HTTP2Frames.types(in: connection.bytes).contains(3) || connection.isClosed
            }
            #expect(try await client.call("GET", "/health").status == 200)
            try? await connection.close()
        }
    }
}

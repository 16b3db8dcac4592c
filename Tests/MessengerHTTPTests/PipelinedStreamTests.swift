import TestSupport
import Testing

/// A stream on a connection that is asked for more: answers keep the order of the requests.
@Suite("Streams among other requests", .timeLimit(.minutes(1)))
struct PipelinedStreamTests {
    private static let health = "GET /health/ HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func stream(_ token: String) -> String {
        "GET /api/messages/ HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nAuthorization: Bearer \(token)\r\n\r\n"
    }

    @Test("Asked for in one packet with the request before, it begins behind that one's answer")
    func behindARequest() async throws {
        try await TestServer.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let connection = try await RawConnection(port: server.port)
            try await connection.send(Self.health + Self.stream(ann.token))
            try await eventually("the stream") { connection.text.contains("caught-up") }
            #expect(connection.text.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
            #expect(try await ann.send("news", to: ann.id).status == 200)
            try await eventually("the message") { connection.text.contains("\"news\"") }
        }
    }

    @Test("What is asked behind it is answered once it has ended")
    func beforeARequest() async throws {
        try await TestServer.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let connection = try await RawConnection(port: server.port)
            try await connection.send(Self.stream(ann.token) + Self.health)
            try await eventually("the stream") { connection.text.contains("caught-up") }
            #expect(try await ann.send("news", to: ann.id).status == 200)
            try await eventually("the message") { connection.text.contains("\"news\"") }
            #expect(connection.text.components(separatedBy: "HTTP/1.1 200 OK").count == 2)
            #expect(try await ann.logOut().status == 200)
            try await eventually("the end of the stream and the next answer") {
                connection.text.components(separatedBy: "HTTP/1.1 200 OK").count == 3
            }
            #expect(connection.text.contains("event: logged-out\ndata: {}\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK"))
        }
    }
}

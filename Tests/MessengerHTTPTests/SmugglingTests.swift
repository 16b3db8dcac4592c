import Foundation
import TestSupport
import Testing

/// Requests that two parties could read differently: one of them would take a part of a body for a request of its own.
@Suite("Request smuggling", .timeLimit(.minutes(1)))
struct SmugglingTests {
    private static let hidden = "GET /api/messages/ HTTP/1.1\r\nHost: a\r\n\r\n"

    /// The statuses of all answers, once the connection has ended or said no more for as long as the marker's answer takes.
    private func statuses(_ request: String) async throws -> (statuses: [String], isClosed: Bool) {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(request)
            try await eventually("an answer to \(request.debugDescription)") { connection.isClosed || !connection.text.isEmpty }
            // What else there is to answer comes before the answer to this; a connection that is over never answers it.
            try? await connection.send("GET /marker HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the marker's answer or the end, after \(request.debugDescription)") {
                connection.isClosed || connection.text.contains("Not found.")
            }
            return (Self.statuses(in: connection.text), connection.isClosed)
        }
    }

    private static func statuses(in text: String) -> [String] {
        text.components(separatedBy: "HTTP/1.").dropFirst().map { String($0.dropFirst(2).prefix(3)) }
    }

    @Test(
        "A request of two meanings is 400 and the end of the connection, and what follows it is no request",
        arguments: [
            "Content-Length: 0\r\nContent-Length: 40", "Content-Length: 0, 40", "Content-Length: 40\r\nContent-Length: 0",
            "Content-Length: +0", "Content-Length: -1", "Content-Length: 0x0", "Content-Length: 1e1", "Content-Length: ",
            "Content-Length: 99999999999999999999", "Content-Length: 18446744073709551616", "Content-Length: 0 0",
            "Content-Length: 40\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 40",
            "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity", "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: \"chunked\"", "Transfer-Encoding:\u{0B}chunked", "Transfer-Encoding : chunked",
            "Transfer-Encoding: chunked\r\n Content-Length: 0", "Content-Length : 0", " Content-Length: 0", "X: a\u{0}b",
            "X: a\rTransfer-Encoding: chunked", "X\u{0}: a", "Host: b", "X Y: z", ": z",
        ])
    func ambiguous(_ field: String) async throws {
        let request = "POST /api/login HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n0\r\n\r\n" + Self.hidden
        let (statuses, isClosed) = try await statuses(request)
        #expect(statuses == ["400"], "\(field.debugDescription)")
        #expect(isClosed, "\(field.debugDescription)")
    }

    @Test(
        "A chunk that is none is 400 and the end of the connection",
        arguments: [
            "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " \r\n", "\r\n", "ffffffffffffffff1\r\n", "1\r\nab\r\n0\r\n\r\n",
            "1\na\n0\n\n",
            "2;\u{0}\r\nab\r\n0\r\n\r\n",
        ])
    func chunks(_ body: String) async throws {
        let request = "POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)" + Self.hidden
        let (statuses, isClosed) = try await statuses(request)
        #expect(!statuses.contains("401"), "\(body.debugDescription) \(statuses)")
        #expect(isClosed, "\(body.debugDescription)")
    }

    @Test(
        "A body that is meant as one is one, whatever is in it",
        arguments: [
            "Content-Length: 40\r\n\r\n" + hidden, "Transfer-Encoding: chunked\r\n\r\n28\r\n\(hidden)\r\n0\r\n\r\n",
            "Transfer-Encoding: Chunked\r\n\r\n28;a=\"b\"\r\n\(hidden)\r\n0\r\nTrailer: x\r\n\r\n",
        ])
    func bodies(_ rest: String) async throws {
        #expect(Self.hidden.utf8.count == 40)
        let (statuses, _) = try await statuses("POST /api/login HTTP/1.1\r\nHost: a\r\n" + rest)
        #expect(statuses == ["400", "404"], "no JSON, then the marker")
    }

    @Test(
        "A request names one host",
        arguments: [
            ("HTTP/1.1\r\n\r\n", ["400"]), ("HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", ["400"]),
            ("HTTP/1.1\r\nHost: a b\r\n\r\n", ["400"]), ("HTTP/1.1\r\nHost: a/b\r\n\r\n", ["400"]),
            ("HTTP/1.1\r\nHost: u@a\r\n\r\n", ["400"]), ("HTTP/1.1\r\nHost:\r\n\r\n", ["200", "404"]),
            ("HTTP/1.1\r\nHost: [::1]:5000\r\n\r\n", ["200", "404"]), ("HTTP/1.0\r\n\r\n", ["200"]),
            ("HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ["200"]),
            ("HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ["200"]),
        ])
    func host(_ head: String, _ expected: [String]) async throws {
        let (statuses, isClosed) = try await statuses("GET /health " + head)
        #expect(statuses == expected, "\(head.debugDescription)")
        #expect(isClosed == (expected.count == 1), "\(head.debugDescription)")
    }

    @Test(
        "The absolute form of a target is read as its path",
        arguments: ["http://a/health", "https://b/health?x", "HTTP://a/health"])
    func absoluteForm(_ target: String) async throws {
        #expect(try await statuses("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").statuses == ["200", "404"])
    }

    @Test("What asks for another protocol is answered, and nothing after it", arguments: ["Upgrade: h2c", "Upgrade: websocket"])
    func upgrade(_ field: String) async throws {
        let request = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\(field)\r\n\r\n" + Self.hidden
        let (statuses, isClosed) = try await statuses(request)
        #expect(statuses == ["200"])
        #expect(isClosed)
    }
}

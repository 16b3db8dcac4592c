import TestSupport
import Testing

@Suite("Limits of a request's head", .timeLimit(.minutes(1)))
struct HeadLimitTests {
    private static let maximumHeaders = 16 << 10

    /// Fields of so many bytes in all, as HTTP/1.1 writes them: name, colon, space, value, line end.
    private static func filler(_ bytes: Int, fields: Int) -> [(String, String)] {
        (0..<fields).map { index in
            let name = "x-filler-\(1_000 + index)"
            let share = bytes / fields + (index == 0 ? bytes % fields : 0)
            return (name, String(repeating: "x", count: share - name.utf8.count - 4))
        }
    }

    @Test("Headers have up to 16 KiB over HTTP/1.1", arguments: [1, 10, 100])
    func headers(fields: Int) async throws {
        try await TestServer.run { server in
            let host = "Host: a\r\n"
            for (excess, status) in [(0, 200), (1, 431)] {
                let connection = try await RawConnection(port: server.port)
                let filler = Self.filler(Self.maximumHeaders - host.utf8.count + excess, fields: fields)
                try await connection.send(
                    "GET /health HTTP/1.1\r\n\(host)" + filler.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n")
                try await eventually("the answer") { connection.text.contains("\r\n\r\n") }
                #expect(connection.text.hasPrefix("HTTP/1.1 \(status) "), "\(excess)")
            }
        }
    }

    @Test(
        "Over HTTP/2 as well, in the first request of a connection, and beyond it the others of the connection go on",
        arguments: [1, 10, 100])
    func headersOverHTTP2(fields: Int) async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let connection = try await RawConnection(port: server.port, tls: .test(protocols: ["h2"]))
            let own = "host: a\r\n".utf8.count
            let cases = [(Self.maximumHeaders - own, true), (Self.maximumHeaders - own + 1, false), (60 << 10, false)]
            for (index, (bytes, isAnswered)) in cases.enumerated() {
                let received = connection.text.utf8.count
                try await connection.send(
                    (index == 0 ? HTTP2Frames.preface : [])
                        + HTTP2Frames.headers(
                            HTTP2Frames.get("/health", more: Self.filler(bytes, fields: fields)), stream: UInt32(2 * index + 1)))
                try await eventually("answer to \(bytes)") {
                    let new = connection.text.utf8.dropFirst(received)
                    return String(new)?.contains(isAnswered ? "OK" : "Request headers too large.") == true
                }
            }
            // The client's own acknowledgement of the settings changes nothing.
            try await connection.send(
                HTTP2Frames.frame(4, flags: 1) + HTTP2Frames.headers(HTTP2Frames.get("/nothing"), stream: 99))
            try await eventually("the next answer") { connection.text.contains("Not found.") }
            #expect(!connection.isClosed)
            try await connection.close()
        }
    }

    @Test("Headers without an end are refused before they fill the memory", arguments: ["field", "fields", "line"])
    func endless(_ what: String) async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(what == "line" ? "GET /" : "GET /health HTTP/1.1\r\nHost: a\r\nX: ")
            let piece = what == "fields" ? "x\r\nX: " : "x"
            var sent = 0
            while sent < 1 << 20, !connection.isClosed, connection.text.isEmpty {
                let burst = String(repeating: piece, count: 10_000)
                if (try? await connection.send(burst)) == nil { break }
                sent += burst.utf8.count
            }
            try await eventually("the answer") { connection.text.contains("\r\n\r\n") }
            #expect(connection.text.hasPrefix("HTTP/1.1 4\(what == "line" ? "14" : "31") "), "\(connection.text.prefix(40))")
            try await eventually("the end") { connection.isClosed }
        }
    }

    @Test("An unknown method gets the methods of its path, in the form that was asked for")
    func unknownMethod() async throws {
        try await TestServer.run { server in
            for (path, accept, expected) in [
                ("/api/login/?x=1", "*/*", ["405 Method Not Allowed", "Allow: POST\r\n", "\r\n\r\nMethod not allowed."]),
                (
                    "/health", "application/json",
                    ["405 Method Not Allowed", "Allow: GET, HEAD\r\n", "\"type\":\"method-not-allowed\""]
                ),
                ("/nothing", "*/*", ["404 Not Found", "\r\n\r\nNot found."]),
            ] {
                let connection = try await RawConnection(port: server.port)
                try await connection.send("BREW \(path) HTTP/1.1\r\nHost: a\r\nAccept: \(accept)\r\n\r\n")
                try await eventually("the end") { connection.isClosed }
                for part in expected { #expect(connection.text.contains(part), "\(part) in \(connection.text)") }
            }
        }
    }
}

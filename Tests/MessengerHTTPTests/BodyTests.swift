import Foundation
import MessengerAPI
import TestSupport
import Testing

/// Bodies that are no good: each a clear answer, and nothing stored.
@Suite("Bodies", .timeLimit(.minutes(1)))
struct BodyTests {
    /// A send to oneself with one value in its place.
    private static func send(by user: TestUser, _ field: String, _ value: String) -> String {
        var fields = [
            "message": #""hi""#, "sender_id": "\(user.id)", "sender_username": "\"\(user.name)\"", "receiver_id": "\(user.id)",
            "send_date": #""2026-01-02 03:04:05""#,
        ]
        fields[field] = value
        return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private static let digits = String(repeating: "9", count: 400)

    @Test(
        "A number is whole and has 64 bits; the answer names the field",
        arguments: [
            "1.5", "1.0", "1e0", "9223372036854775808", "-9223372036854775809", digits, "-\(digits)", "1e\(digits)", "\"1\"",
            "true", "[1]",
        ])
    func numbers(_ value: String) async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for (method, path, body, field) in [
                ("POST", "/api/messages/", Self.send(by: ann, "receiver_id", value), "receiver_id"),
                ("POST", "/api/messages/", Self.send(by: ann, "sender_id", value), "sender_id"),
                ("POST", "/api/messages/ack/", "{\"through\":\(value)}", "through"),
                ("DELETE", "/api/users/", "{\"user_id\":\(value)}", "user_id"),
                (
                    "POST", "/api/login/",
                    "{\"username\":\"a\",\"password\":\"b\",\"user_address\":\"\",\"public_key\":\"\",\"device_id\":\(value)}",
                    "device_id"
                ),
            ] {
                let answer = try await client.call(method, path, json: body, token: ann.token, headers: TestClient.problem)
                #expect(answer.status == 400, "\(path) \(field)")
                #expect(answer.type == "validation", "\(path) \(field)")
                #expect((answer.json["detail"] as? String)?.hasPrefix(field + ": ") == true, "\(field): \(answer.text)")
            }
            #expect(try await ann.inbox().isEmpty)
        }
    }

    @Test(
        "A text is Unicode; the answer names the field",
        arguments: [#""\ud800""#, #""\udc00x""#, #""\ud83d\u0041""#, #""a\uD83D""#, "1", "{}", "[]", "false"])
    func texts(_ value: String) async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for (path, body, field) in [
                ("/api/messages/", Self.send(by: ann, "message", value), "message"),
                ("/api/messages/", Self.send(by: ann, "send_date", value), "send_date"),
                (
                    "/api/messages/",
                    "{\"messages\":[{\"receiver_id\":\(ann.id),\"message\":\(value)}],\"send_date\":\"2026-01-02 03:04:05\"}",
                    "messages.0.message"
                ),
                ("/api/logout/", "{\"username\":\(value)}", "username"),
            ] {
                let answer = try await client.call("POST", path, json: body, token: ann.token, headers: TestClient.problem)
                #expect(answer.status == 400, "\(path) \(field)")
                #expect((answer.json["detail"] as? String)?.hasPrefix(field + ": ") == true, "\(field): \(answer.text)")
            }
            #expect(try await ann.inbox().isEmpty)
        }
    }

    @Test("What is not one strict JSON value is 400 on every path, also in fields that nobody reads")
    func syntax() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let rest = ["[1,]", "[01]", "\"\\x\"", "\"\\ud800\"", "1.", "{\"a\":1,\"a\":2}", "\"\t\"", "nan", "{\"a\":1,}"]
            let bodies =
                rest.map { "{\"username\":\"ann\",\"through\":0,\"x\":\($0)}" }
                + [
                    "", " ", "{", "{}{}", "{\"username\":\"ann\",\"through\":0}x", "{\"username\":\"ann\",\"through\":0",
                    "{\"username\":\"ann\",\"username\":\"ann\",\"through\":0,\"through\":0}", "null", "[]", "\"x\"", "1",
                ]
            for path in ["/api/logout/", "/api/messages/ack/"] {
                for body in bodies {
                    let answer = try await client.call("POST", path, json: body, token: ann.token)
                    #expect(answer.status == 400, "\(path) \(body)")
                    #expect(answer.text == "Validation error.", "\(path) \(body)")
                }
                for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] {
                    let body = Array("{\"username\":\"ann\",\"through\":0,\"x\":\"".utf8) + bytes + Array("\"}".utf8)
                    #expect(try await client.call("POST", path, bytes: body, token: ann.token).status == 400, "\(path) \(bytes)")
                }
            }
            #expect(try await client.status(of: ann.token) == 200)
        }
    }

    @Test("JSON is 16 levels deep at most")
    func depth() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            func nested(_ levels: Int) -> String {
                String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
            }
            for (levels, isTaken) in [(15, true), (16, false), (200_000, false)] {
                let send = Self.send(by: ann, "x", nested(levels))
                let ack = "{\"through\":0,\"x\":\(nested(levels))}"
                let logout = "{\"username\":\"nobody\",\"x\":\(nested(levels))}"
                #expect(
                    try await client.call("POST", "/api/messages/", json: send, token: ann.token).status == (isTaken ? 200 : 400))
                #expect(
                    try await client.call("POST", "/api/messages/ack", json: ack, token: ann.token).status
                        == (isTaken ? 200 : 400))
                let answer = try await client.call(
                    "POST", "/api/logout", json: logout, token: ann.token, headers: TestClient.problem)
                let detail = answer.json["detail"] as? String
                #expect(detail?.contains(isTaken ? "username" : "nested") == true, "\(levels): \(detail ?? "")")
            }
        }
    }

    @Test("256 KiB of characters that JSON writes sixfold come out as they went in, on every way")
    func sixfold() async throws {
        try await TestServer.run { server in
            try await CallbackSink.run { sink in
                let client = TestClient(server.url)
                let ann = try await TestUser.make(on: client, address: sink.address)
                let text = String(repeating: "\u{1}\u{0}\u{1F}\u{7}", count: (256 << 10) / 4)
                let escaped = String(repeating: #"\u0001\u0000\u001f\u0007"#, count: (256 << 10) / 4)
                let body = Self.send(by: ann, "message", "\"\(escaped)\"")
                #expect(body.utf8.count > 6 * 256 << 10)
                #expect(try await client.call("POST", "/api/messages/", json: body, token: ann.token).status == 200)
                let over = Self.send(by: ann, "message", "\"\(escaped)x\"")
                #expect(try await client.call("POST", "/api/messages/", json: over, token: ann.token).status == 413)
                try await eventually("pushed") { sink.pushes.count == 1 }
                #expect(sink.pushes[0].message?.message == text)
                let other = try await TestUser.make(on: client)
                let list =
                    "{\"messages\":[{\"receiver_id\":\(other.id),\"message\":\"\(escaped)\"}],\"send_date\":\"2026-01-02\"}"
                #expect(try await client.call("POST", "/api/messages/", json: list, token: ann.token).status == 200)
                #expect(try await other.inbox().map(\.message) == [text])
                try await client.stream(token: other.token) { events in
                    let event = try await events.next()
                    #expect(event?.message?.message == text)
                }
            }
        }
    }

    /// Whole JSON, in a body that is not whole.
    private static let cuts = ["client's end", "reset", "broken chunk", "patience"]

    @Test("A body that ends too soon counts as none, on the quick way and on the router's", arguments: cuts, [false, true])
    func cutOff(_ cut: String, isQuick: Bool) async throws {
        try await TestServer.run({ if cut == "patience" { $0.substitutes.connectionTimes.body = .seconds(1) } }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await client.status(of: ann.token) == 200)
            let body = Self.send(by: ann, "message", "\"cut\"")
            let isChunked = cut == "broken chunk" || !isQuick
            let connection = try await RawConnection(port: server.port)
            try await connection.send(
                "POST /api/messages/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ann.token)\r\nContent-Type: application/json\r\n"
                    + (isChunked
                        ? "Transfer-Encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n"
                        : "Content-Length: \(body.utf8.count + 1)\r\n\r\n\(body)"))
            switch cut {
            case "client's end": try await connection.finish()
            case "reset": try await connection.reset()
            case "broken chunk": try await connection.send("zz\r\n")
            default: break
            }
            try await eventually("the end") { connection.isClosed }
            #expect(!connection.text.contains(" 200 "))
            // Whatever the server makes of it, it has made once it is no longer busy with the connection.
            try await eventually("the server has done with it") { try await client.call("GET", "/health").status == 200 }
            #expect(try await ann.send("whole", to: ann.id).status == 200)
            #expect(try await ann.inbox().map(\.message) == ["whole"])
        }
    }

    @Test("Over HTTP/2 as well", arguments: ["reset", "end of the connection"])
    func cutOffOverHTTP2(_ cut: String) async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let body = Self.send(by: ann, "message", "\"cut\"")
            for length in [nil, body.utf8.count + 1] {
                let connection = try await RawConnection(port: server.port, tls: .test(protocols: ["h2"]))
                let head =
                    [
                        (":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/api/messages/"),
                        ("authorization", "Bearer \(ann.token)"), ("content-type", "application/json"),
                    ] + (length.map { [("content-length", "\($0)")] } ?? [])
                try await connection.send(
                    HTTP2Frames.preface + HTTP2Frames.headers(head, stream: 1, flags: HTTP2Frames.endOfHeaders)
                        + HTTP2Frames.data(Array(body.utf8), stream: 1) + (cut == "reset" ? HTTP2Frames.reset(1) : [])
                        + HTTP2Frames.ping())
                try await eventually("the ping's answer") { HTTP2Frames.types(in: connection.bytes).contains(6) }
                try await connection.close()
            }
            #expect(try await ann.send("whole", to: ann.id).status == 200)
            #expect(try await ann.inbox().map(\.message) == ["whole"])
        }
    }

    @Test("An endless body is refused as soon as it is too long, and its connection ends")
    func endless() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for (path, mebibytes) in [("/api/messages/ack", 2), ("/api/messages/", 8)] {
                let connection = try await RawConnection(port: server.port)
                try await connection.send(
                    "POST \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ann.token)\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                let chunk = "40000\r\n" + String(repeating: " ", count: 0x40000) + "\r\n"
                var sent = 0
                while sent < 64, !connection.isClosed, connection.text.isEmpty {
                    if (try? await connection.send(chunk)) == nil { break }
                    sent += 1
                }
                try await eventually("the answer") { connection.text.contains("413 ") }
                #expect(sent >= 4 * mebibytes, "not before the limit")
                try await eventually("the end") {
                    try? await connection.send(chunk)
                    return connection.isClosed
                }
            }
        }
    }
}

import Foundation
import TestSupport
import Testing

@Suite("Errors", .timeLimit(.minutes(1)))
struct ErrorTests {
    @Test("Errors are short text, or problem details for those who ask")
    func forms() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let text = try await client.call("GET", "/api/nothing/")
            #expect(text.status == 404)
            #expect(text.text == "Not found.")
            #expect(text.headers["content-type"]?.hasPrefix("text/plain") == true)
            for accept in ["application/problem+json", "application/json", "text/html, application/problem+json;q=0.1"] {
                let problem = try await client.call("POST", "/api/login/", json: "{}", headers: ["Accept": accept])
                #expect(problem.status == 400)
                #expect(problem.headers["content-type"] == "application/problem+json", "\(accept)")
                #expect(problem.json.keys.sorted() == ["detail", "status", "title", "type"])
                #expect(problem.type == "validation")
                #expect(problem.number("status") == 400)
                #expect(problem.json["title"] as? String == "Bad Request")
                #expect((problem.json["detail"] as? String)?.contains("username") == true, "\(problem.text)")
            }
            for accept in ["*/*", "text/plain", "application/problem+json;q=0"] {
                let plain = try await client.call("POST", "/api/login/", json: "{}", headers: ["Accept": accept])
                #expect(plain.text == "Validation error.", "\(accept)")
            }
        }
    }

    @Test("Every answer forbids storing, varies by Accept, and opens nothing to other origins")
    func headers() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for (method, path, token) in [
                ("GET", "/api/health/", nil), ("GET", "/api/messages/", ann.token), ("GET", "/api/messages/", nil),
                ("GET", "/nothing", nil), ("PUT", "/api/users/", nil), ("OPTIONS", "/api/messages/", nil),
                ("GET", "/api/openapi.yaml", nil), ("POST", "/api/login/", nil),
            ] as [(String, String, String?)] {
                let answer = try await client.call(
                    method, path, token: token,
                    headers: ["Origin": "https://example.org", "Access-Control-Request-Method": "POST"])
                #expect(answer.headers["cache-control"] == "no-store", "\(method) \(path)")
                #expect(answer.headers["vary"] == "Accept", "\(method) \(path)")
                #expect(answer.headers["x-request-id"]?.isEmpty == false, "\(method) \(path)")
                #expect(!answer.headers.keys.contains { $0.hasPrefix("access-control") || $0 == "set-cookie" || $0 == "server" })
                #expect((answer.headers["www-authenticate"] != nil) == (answer.status == 401), "\(method) \(path)")
            }
        }
    }

    @Test("Tokens count in the Authorization header only")
    func tokens() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let token = ann.token
            for query in ["token", "access_token", "authorization", "Authorization"] {
                let answer = try await client.call("GET", "/api/messages/?\(query)=\(token)")
                #expect(answer.status == 401)
                #expect(answer.text == "Not authorized.", "\(query)")
            }
            let cookie = try await client.call("GET", "/api/messages/", headers: ["Cookie": "token=\(token)"])
            #expect(cookie.text == "Not authorized.")
            for (value, status) in [
                ("Bearer \(token)", 200), ("bearer \(token)", 200), ("BEARER  \(token)", 200), (token, 401),
                ("Basic \(token)", 401),
                ("Bearer", 401), ("Bearer ", 401), ("Bearer x \(token)", 401), ("Bearer \(token)x", 401), ("", 401),
                ("Bearer \(token.dropLast())", 401),
            ] {
                let answer = try await client.call("GET", "/api/messages/", headers: ["Authorization": value])
                #expect(answer.status == status, "\(value)")
                if status == 401 { #expect(answer.text == "Invalid token.", "\(value)") }
            }
        }
    }

    @Test("A method that a path does not have is 405 with those it has")
    func methods() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            for (path, allow) in [
                ("/api/health", "GET, HEAD"), ("/api/users", "DELETE, GET, POST"), ("/api/login", "POST"),
                ("/api/messages", "GET, POST"), ("/api/messages/ack", "POST"), ("/api/openapi.yaml", "GET"),
            ] {
                for method in ["PUT", "PATCH", "OPTIONS", "PROPFIND"] {
                    for slash in ["", "/"] {
                        let answer = try await client.call(method, path + slash)
                        #expect(answer.status == 405, "\(method) \(path)")
                        #expect(answer.headers["allow"] == allow, "\(method) \(path)")
                        #expect(answer.text == "Method not allowed.", "\(method) \(path)")
                    }
                }
            }
            #expect(try await client.call("PUT", "/nothing").status == 404)
        }
    }

    @Test("An unknown method is 405 as well, over HTTP/1.1 and HTTP/2", arguments: [false, true])
    func unknownMethod(http2: Bool) async throws {
        try await TestServer.run({ $0.tls = http2 }) { server async throws in
            let client = TestClient(server.url, http1Only: !http2)
            for method in ["BREW", "GETT"] {
                let answer = try await client.call(method, "/api/users/")
                #expect(answer.status == 405, "\(method)")
                #expect(answer.headers["allow"]?.contains("GET") == true, "\(method)")
            }
            #expect(try await client.call("GET", "/health").status == 200)
        }
    }

    private static func url(_ bytes: Int) -> String { "/health?" + String(repeating: "x", count: bytes - 8) }

    @Test("A URL beyond 8 KiB is 414, headers beyond 16 KiB are 431")
    func tooLong() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            for (bytes, status) in [(8_192, 200), (8_193, 414), (20_000, 414)] {
                let answer = try await client.call("GET", Self.url(bytes), headers: TestClient.problem)
                #expect(answer.status == status, "\(bytes)")
                if status != 200 { #expect(answer.type == "url-too-long") }
            }
            for (count, size, status) in [
                (1, 15 << 10, 200), (1, 16 << 10, 431), (10, 1_500, 200), (10, 1_700, 431), (1, 70 << 10, 431), (100, 1_000, 431),
            ] {
                let headers = Dictionary(
                    uniqueKeysWithValues: (0..<count).map { ("X-Filler-\($0)", String(repeating: "x", count: size)) })
                let answer = try await client.call("GET", "/health", headers: headers)
                #expect(answer.status == status, "\(count) of \(size)")
            }
            #expect(try await client.call("GET", "/health").status == 200)
        }
    }

    @Test("Over HTTP/2 a URL beyond 8 KiB is 414 and ends nothing but its stream")
    func tooLongOverHTTP2() async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let client = TestClient(server.url, http1Only: false)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                for (bytes, status) in [(8_192, 200), (8_193, 414), (12_000, 414)] {
                    let answer = try await client.call("GET", Self.url(bytes))
                    #expect(answer.status == status, "\(bytes)")
                    #expect(answer.version == "HTTP/2.0")
                }
                #expect(try await ann.send("still live", to: ann.id).status == 200)
                let event = try await events.next()
                #expect(event?.message?.message == "still live")
            }
        }
    }

    @Test("What is not HTTP is 400 and the end of the connection")
    func notHTTP() async throws {
        try await TestServer.run { server in
            for text in [
                "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /health HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
                "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            ] {
                let connection = try await RawConnection(port: server.port)
                try await connection.send(text)
                try await eventually("the end of \(text.debugDescription)") { connection.isClosed }
                let answer = connection.text
                #expect(answer.hasPrefix("HTTP/1.1 4"), "\(text.debugDescription): \(answer)")
            }
        }
    }

    @Test("Trailing slashes do not matter on any path", arguments: ["", "/"])
    func trailingSlash(slash: String) async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            for (method, path, body, status) in [
                ("GET", "/health", nil, 200), ("GET", "/api/health", nil, 200), ("HEAD", "/health", nil, 200),
                ("HEAD", "/api/health", nil, 200), ("GET", "/api/openapi.yaml", nil, 200), ("POST", "/api/users", "{}", 400),
                ("GET", "/api/users", #"{"username":"ann"}"#, 200), ("DELETE", "/api/users", #"{"user_id":9}"#, 403),
                ("POST", "/api/login", "{}", 400), ("POST", "/api/logout", "{}", 400), ("POST", "/api/password", "{}", 400),
                ("POST", "/api/messages", "{}", 400), ("GET", "/api/messages", nil, 200),
                ("POST", "/api/messages/ack", #"{"through":0}"#, 200),
            ] as [(String, String, String?, Int)] {
                let answer = try await client.call(method, path + slash, json: body, token: ann.token)
                #expect(answer.status == status, "\(method) \(path)")
            }
        }
    }

    @Test("Health answers OK, and its HEAD has the same headers without a body")
    func health() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let get = try await client.call("GET", "/api/health/")
            #expect(get.text == "OK")
            let head = try await client.call("HEAD", "/api/health/")
            #expect(head.status == 200)
            #expect(head.text.isEmpty)
            #expect(head.headers["content-length"] == get.headers["content-length"])
            #expect(head.headers["content-type"] == get.headers["content-type"])
        }
    }

    @Test("An error answered to HEAD has no body, so that the next answer is understood", arguments: ["/nothing", "/api/users"])
    func headErrors(path: String) async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the second answer") { connection.text.hasSuffix("\r\n\r\nOK") }
            #expect(connection.text.contains("\r\n\r\nHTTP/1.1 200 OK\r\n"), "\(connection.text)")
        }
    }

    @Test("Bad input is never answered with a 5xx")
    func badInput() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let values = [
                "null", "true", "-1", "1e400", "9223372036854775808", #""\u0000""#, #""\ud800""#, "[]", "{}", #""""#,
                String(repeating: "[", count: 100_000), "\"\(String(repeating: "x", count: 100_000))\"",
            ]
            let fields = [
                "username", "phone_number", "password", "invitation", "user_id", "user_address", "public_key", "device_id", "old",
                "new", "message", "messages", "sender_id", "sender_username", "receiver_id", "send_date", "client_message_id",
                "through",
            ]
            var bodies = values
            for value in values { bodies.append("{" + fields.map { "\"\($0)\":\(value)" }.joined(separator: ",") + "}") }
            bodies += [#"{"through":1,"through":[]}"#, "\u{FEFF}{}", "{\u{0}}", "NaN", "{'a':1}", "//", "\u{0}"]
            for (method, path) in [
                ("POST", "/api/users/"), ("GET", "/api/users/"), ("DELETE", "/api/users/"), ("POST", "/api/login/"),
                ("POST", "/api/logout/"), ("POST", "/api/password/"), ("POST", "/api/messages/"), ("POST", "/api/messages/ack/"),
            ] {
                for body in bodies {
                    let answer = try await client.call(method, path, json: body, token: ann.token)
                    #expect((400..<500).contains(answer.status), "\(answer.status) \(method) \(path) \(body.prefix(60))")
                }
                let answer = try await client.call(method, path, bytes: [0xC3, 0x28, 0xFF, 0x00], token: ann.token)
                #expect((400..<500).contains(answer.status), "\(method) \(path)")
            }
            for query in ["username=%", "username=%ZZ", "username=%FF", "username=%00", "username=%ED%A0%80", "%00=x", "=&&&="] {
                let answer = try await client.call("GET", "/api/users/?\(query)", token: ann.token)
                #expect((400..<500).contains(answer.status), "\(query)")
            }
        }
    }
}

import MessengerAPI
import Synchronization
import TestSupport
import Testing

@Suite("Limits of sending", .timeLimit(.minutes(1)))
struct SendLimitTests {
    @Test("A message has up to 256 KiB of UTF-8 after decoding")
    func messageSize() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let largest = [String(repeating: "x", count: 262_144), String(repeating: "é", count: 131_072)]
            for text in largest { #expect(try await ann.send(text, to: ann.id).status == 200) }
            for text in largest {
                let answer = try await ann.send(text + "x", to: ann.id)
                #expect(answer.status == 413)
                #expect(try await ann.sendList([(ann.id, text + "x")]).status == 413)
            }
            let escaped = String(repeating: #"\u00e9"#, count: 131_072)
            let body = """
                {"messages":[{"receiver_id":\(ann.id),"message":"\(escaped)"}],"send_date":"2026-01-02 03:04:05"}
                """
            #expect(try await client.call("POST", "/api/messages/", json: body, token: ann.token).status == 200)
            // A page has at least one message, however large.
            for (number, text) in zip(Int64(1)..., largest + [largest[1]]) {
                let page = try await ann.fetch(after: number - 1)
                #expect(page.messages.map(\.number) == [number])
                #expect(page.messages.first?.text == text)
            }
        }
    }

    @Test("A body has up to 2 MiB, a list up to 8 MiB")
    func bodySize() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let single = """
                {"message":"hi","sender_id":\(ann.id),"sender_username":"ann","receiver_id":\(ann.id),\
                "send_date":"2026-01-02 03:04:05","padding":"
                """
            let list = """
                {"messages":[{"receiver_id":\(ann.id),"message":"hi"}],"send_date":"2026-01-02 03:04:05","padding":"
                """
            let login = #"{"username":"ann","password":"x","user_address":"","public_key":"","padding":""#
            func status(_ path: String, _ start: String, bytes: Int) async throws -> Int {
                let body = start + String(repeating: "x", count: bytes - start.utf8.count - 2) + #""}"#
                return try await client.call("POST", path, json: body, token: ann.token).status
            }
            let mebibyte = 1 << 20
            #expect(try await status("/api/messages/", single, bytes: 2 * mebibyte) == 200)
            #expect(try await status("/api/messages/", single, bytes: 2 * mebibyte + 1) == 413)
            #expect(try await status("/api/messages/", list, bytes: 2 * mebibyte + 1) == 200)
            #expect(try await status("/api/messages/", list, bytes: 8 * mebibyte) == 200)
            #expect(try await status("/api/messages/", list, bytes: 8 * mebibyte + 1) == 413)
            #expect(try await status("/api/login/", login, bytes: 2 * mebibyte) == 401)
            #expect(try await status("/api/login/", login, bytes: 2 * mebibyte + 1) == 413)
        }
    }

    @Test("A body without a length is counted as it comes")
    func chunkedBody() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let connection = try await RawConnection(port: server.port)
            try await connection.send(
                """
                POST /api/messages/ack HTTP/1.1\r
                Host: test\r
                Authorization: Bearer \(ann.token)\r
                Content-Type: application/json\r
                Transfer-Encoding: chunked\r
                \r\n
                """)
            let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
            try? await connection.send(String(repeating: chunk, count: 33))
            try await eventually("the answer") { connection.text.contains("413 ") }
        }
    }

    @Test("A body that is not JSON by its type is 415; without a type it is read")
    func contentType() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let body = #"{"through":0}"#
            let cases = [
                ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("", 415), ("application/jsonp", 415),
                ("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("application/vnd.api+json", 200),
            ]
            for (type, status) in cases {
                let answer = try await client.call(
                    "POST", "/api/messages/ack/", json: body, token: ann.token, headers: ["Content-Type": type])
                #expect(answer.status == status, "\(type)")
            }
            let untyped = try await client.call("POST", "/api/messages/ack/", bytes: Array(body.utf8), token: ann.token)
            #expect(untyped.status == 200)
        }
    }

    @Test("Without free disk sends are 503; repeats, fetches and acknowledgements go on")
    func fullDisk() async throws {
        let time = TestTime()
        let free = Counter()
        free.add(100)
        try await TestServer.run({
            $0.use(time)
            $0.settings.minimumFreeDisk = 100
            $0.substitutes.freeDisk = { _ in free.value }
        }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send("one", to: ann.id, key: "one").status == 200)
            free.add(-1)
            try await eventually("the look at the disk") {
                time.advance(by: .seconds(1))
                return try await ann.send("not yet", to: ann.id).status == 503
            }
            let refused = try await ann.send("two", to: ann.id, key: "two")
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] != nil)
            #expect(try await ann.send("one", to: ann.id, key: "one").status == 200)
            let number = try await ann.fetch().next
            #expect(try await ann.acknowledge(number).status == 200)
            free.add(1)
            try await eventually("room again") {
                time.advance(by: .seconds(1))
                return try await ann.send("three", to: ann.id).status == 200
            }
        }
    }

    @Test("A full inbox refuses a send to it whole, and says for whom")
    func fullInbox() async throws {
        try await TestServer.run({ $0.limits.messages = 3 }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bob = try await TestUser.make(on: client)
            for text in ["1", "2", "3"] { #expect(try await ann.send(text, to: bob.id).status == 200) }
            let single = try await ann.send("4", to: bob.id)
            #expect(single.status == 429)
            #expect(single.headers["retry-after"] != nil)
            let list = try await ann.sendList([(ann.id, "x"), (bob.id, "x")], key: "key", headers: TestClient.problem)
            #expect(list.status == 429)
            #expect(list.type == "full-receivers")
            #expect(list.numbers("full_receivers") == [bob.id])
            #expect(try await ann.inbox().isEmpty)

            // Only a 200 is remembered: the key can be used again once there is room.
            #expect(try await bob.acknowledge(1).status == 200)
            #expect(try await ann.sendList([(ann.id, "x"), (bob.id, "x")], key: "key").status == 200)
            #expect(try await bob.inbox().map(\.message) == ["2", "3", "x"])
        }
    }

    @Test("An inbox is full by bytes as well")
    func fullInboxByBytes() async throws {
        try await TestServer.run({ $0.limits.bytes = 100 }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send(String(repeating: "é", count: 40), to: ann.id).status == 200)
            #expect(try await ann.send(String(repeating: "x", count: 21), to: ann.id).status == 429)
            #expect(try await ann.send(String(repeating: "x", count: 20), to: ann.id).status == 200)
            #expect(try await ann.acknowledge(1).status == 200)
            #expect(try await ann.send(String(repeating: "x", count: 80), to: ann.id).status == 200)
            #expect(try await ann.send("", to: ann.id).status == 200)
        }
    }
}

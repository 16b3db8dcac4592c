import Foundation
import MessengerAPI
import TestSupport
import Testing

@Suite("Live streams, with the polls off so that a lost wake-up shows", .timeLimit(.minutes(1)))
struct StreamTests {
    private func run(
        _ change: (inout TestServer.Options) -> Void = { _ in }, _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(
            {
                $0.substitutes.polls = false
                change(&$0)
            }, body)
    }

    @Test("First comes what waits, then caught-up once, then what comes", arguments: ["HTTP/1.1", "HTTP/2.0"])
    func order(version: String) async throws {
        let isHTTP2 = version == "HTTP/2.0"
        try await run({ $0.tls = isHTTP2 }) { server in
            let client = TestClient(server.url, http1Only: !isHTTP2)
            #expect(try await client.call("GET", "/health").version == version)
            let ann = try await TestUser.make(on: client)
            for text in ["1", "2"] { #expect(try await ann.send(text, to: ann.id).status == 200) }
            try await client.stream(token: ann.token) { events in
                let waiting = try await events.take(3)
                #expect(waiting.map(\.name) == ["message", "message", "caught-up"])
                #expect(waiting.map(\.id) == ["1", "2", nil])
                #expect(waiting[2].data == "{}")
                for number in 3...40 {
                    #expect(try await ann.send("\(number)", to: ann.id).status == 200)
                    let event = try await events.next()
                    #expect(event?.id == "\(number)")
                    #expect(event?.message?.message == "\(number)")
                }
            }
            // Nothing was acknowledged by it.
            #expect(try await ann.fetch().messages.count == 40)
        }
    }

    @Test("A message event carries the message and nothing else")
    func data() async throws {
        try await run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            #expect(try await ann.send("a\nb", to: ann.id).status == 200)
            try await client.stream(token: ann.token) { events in
                let event = try #require(try await events.next())
                let object = try #require(try JSONSerialization.jsonObject(with: Data(event.data.utf8)) as? NSDictionary)
                let expected: NSDictionary = [
                    "message_id": 1, "sender_id": 1, "sender_username": "ann", "receiver_id": 1, "message": "a\nb",
                    "send_date": "2026-01-02 03:04:05",
                ]
                #expect(object == expected)
            }
        }
    }

    @Test("Last-Event-ID resumes after its number and goes before `after`")
    func resume() async throws {
        try await run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for text in ["1", "2", "3", "4"] { #expect(try await ann.send(text, to: ann.id).status == 200) }
            for (after, last, numbers) in [
                (nil, nil, ["1", "2", "3", "4"]), (2, nil, ["3", "4"]), (nil, "3", ["4"]), (1, "3", ["4"]),
                (3, "1", ["2", "3", "4"]),
                (4, nil, []),
            ] as [(Int64?, String?, [String])] {
                let headers = last.map { ["Last-Event-ID": $0] } ?? [:]
                try await client.stream(token: ann.token, after: after, headers: headers) { events in
                    let received = try await events.take(numbers.count + 1)
                    #expect(received.map(\.name) == numbers.map { _ in "message" } + ["caught-up"])
                    #expect(received.dropLast().compactMap(\.id) == numbers)
                }
            }
            let wrong = try await client.call(
                "GET", "/api/messages/", token: ann.token, headers: ["Accept": "text/event-stream", "Last-Event-ID": "x"])
            #expect(wrong.status == 400)
        }
    }

    @Test("Every stream of a user gets every message, from senders at the same time")
    func manyStreams() async throws {
        try await run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            var devices = [ann]
            for _ in 2...5 { devices.append(try await TestUser.logIn(ann.name, on: client)) }
            let received = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for device in devices {
                    group.addTask {
                        try await client.stream(token: device.token) { events in
                            var numbers: [Int64] = []
                            while numbers.count < 100, let event = try await events.next() {
                                if let message = event.message { numbers.append(message.messageID.rawValue) }
                            }
                            return numbers
                        }
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { senders in
                    for _ in 1...4 {
                        senders.addTask {
                            for _ in 1...25 {
                                let answer = try await ann.send("x", to: ann.id)
                                #expect(answer.status == 200)
                            }
                        }
                    }
                    try await senders.waitForAll()
                }
                return try await group.reduce(into: [[Int64]]()) { $0.append($1) }
            }
            #expect(received == Array(repeating: Array(1...100), count: 5))
        }
    }

    @Test("A newer stream of the same device replaces the older one")
    func replaced() async throws {
        try await run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let other = try await TestUser.logIn(ann.name, on: client)
            let caughtUp = Gate()
            let older = Task { try await ann.streamToEnd(caughtUp: caughtUp) }
            await caughtUp.wait()
            // Another device's stream is no rival.
            try await client.stream(token: other.token) { events in _ = try await events.next() }
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                let names = try await older.value
                #expect(names == ["caught-up", "replaced"])
                #expect(try await ann.send("still live", to: ann.id).status == 200)
                let event = try await events.next()
                #expect(event?.message?.message == "still live")
            }
        }
    }

    @Test(
        "A stream ends with its session",
        arguments: ["logout", "taken over", "deleted", "password changed elsewhere"])
    func loggedOut(_ cause: String) async throws {
        try await run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let other = try await TestUser.logIn(ann.name, on: client)
            let caughtUp = Gate()
            async let names = ann.streamToEnd(caughtUp: caughtUp)
            await caughtUp.wait()
            let start = ContinuousClock.now
            switch cause {
            case "logout": #expect(try await ann.logOut().status == 200)
            case "taken over": _ = try await TestUser.logIn(ann.name, on: client, device: ann.device)
            case "deleted":
                let body = #"{"user_id":\#(ann.id)}"#
                #expect(try await client.call("DELETE", "/api/users/", json: body, token: other.token).status == 200)
            default:
                let change = try await other.post("/api/password/", ["old": TestUser.password, "new": "a new password"])
                #expect(change.status == 200)
            }
            let ended = try await names
            #expect(ended == ["caught-up", "logged-out"])
            #expect(ContinuousClock.now - start < .seconds(20), "no poll and no keep-alive was needed")
        }
    }

    @Test("A server that stops says closing, and ends the stream")
    func closing() async throws {
        let caughtUp = Gate()
        // It goes on reading while the server stops.
        let reading = try await TestServer.run({ $0.substitutes.polls = false }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let reading = Task { try await ann.streamToEnd(caughtUp: caughtUp) }
            await caughtUp.wait()
            return reading
        }
        #expect(try await reading.value == ["caught-up", "closing"])
    }

    @Test("A reader that reads nothing slows only itself, and the server holds little for it")
    func slowReader() async throws {
        let reads = ReadCount()
        let count = 2_000
        try await run({ $0.countReads(reads) }) { server in
            let client = TestClient(server.url)
            let fast = try await TestUser.make(on: client)
            let slow = try await TestUser.logIn(fast.name, on: client)
            let connection = try await RawConnection(port: server.port, reads: false)
            try await connection.send(
                "GET /api/messages HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(slow.token)\r\nAccept: text/event-stream\r\n\r\n"
            )

            let text = String(repeating: "x", count: 8 << 10)
            async let received = client.stream(token: fast.token) { events in
                var numbers: [Int64] = []
                while numbers.count < count, let event = try await events.next() {
                    if let message = event.message { numbers.append(message.messageID.rawValue) }
                }
                return numbers
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...20 {
                    group.addTask {
                        for _ in 1...count / 20 {
                            let answer = try await fast.send(text, to: fast.id)
                            #expect(answer.status == 200)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let numbers = try await received
            #expect(numbers == Array(1...Int64(count)))
            // What is beyond the system's own buffers stays in the database.
            #expect(reads[slow.device] < count * 3 / 4, "read for the slow one")

            try await connection.read()
            try await eventually("the slow one gets all as well") { connection.bytes.count > count * text.utf8.count }
            try await eventually("the last one") {
                connection.text.contains("event: message\ndata: {\"") && connection.text.contains("id: \(count)\n")
            }
            let ids = connection.bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
                .filter { $0.hasPrefix("id: ") }.compactMap { Int($0.dropFirst(4)) }
            #expect(ids == Array(1...count))
        }
    }

    @Test("A comment comes at least every 20 s while nothing else does")
    func keepAlive() async throws {
        let time = TestTime()
        try await run({ $0.use(time) }) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let connection = try await RawConnection(port: server.port)
            try await connection.send(
                "GET /api/messages/ HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(ann.token)\r\nAccept: text/event-stream\r\n\r\n"
            )
            try await eventually("the stream is live") { connection.text.contains("event: caught-up\ndata: {}\n\n") }
            let head = connection.text.lowercased()
            #expect(head.hasPrefix("http/1.1 200 ok\r\n"))
            #expect(head.contains("\r\ncontent-type: text/event-stream\r\n"))
            #expect(head.contains("\r\ncache-control: no-store\r\n"))
            func comments() -> Int {
                connection.text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
                    .filter { $0 == ":" }.count
            }
            #expect(comments() == 0)
            for number in 1...3 {
                try await time.passOnceAllSleep(.seconds(20), polls: false)
                try await eventually("comment \(number)") { comments() >= number }
            }
            #expect(!connection.isClosed)
        }
    }
}

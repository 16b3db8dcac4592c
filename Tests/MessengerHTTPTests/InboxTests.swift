import MessengerAPI
import TestSupport
import Testing

@Suite("Inbox", .timeLimit(.minutes(1)))
struct InboxTests {
    @Test("Pages follow one another by their next number, which stays where nothing comes")
    func pages() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let empty = try await ann.fetch()
            #expect(empty.messages.isEmpty)
            #expect(empty.next == 0)
            for text in ["1", "2", "3", "4", "5"] { #expect(try await ann.send(text, to: ann.id).status == 200) }
            for (after, limit, numbers, next) in [
                (nil, 2, [1, 2], 2), (2, 2, [3, 4], 4), (4, 2, [5], 5), (5, 2, [], 5), (3, nil, [4, 5], 5),
                (0, 1_000, [1, 2, 3, 4, 5], 5),
            ] as [(Int64?, Int?, [Int64], Int64)] {
                let page = try await ann.fetch(after: after, limit: limit)
                #expect(page.messages.map(\.number) == numbers, "after \(after ?? -1)")
                #expect(page.next == next, "after \(after ?? -1)")
            }
        }
    }

    @Test("A page has 100 messages when no limit is given")
    func defaultLimit() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...101 { group.addTask { try await ann.send("x", to: ann.id).status } }
                for try await status in group { #expect(status == 200) }
            }
            #expect(try await ann.fetch().messages.map(\.number) == Array(1...100))
            #expect(try await ann.fetch(limit: 101).messages.count == 101)
        }
    }

    @Test("A page ends at 256 KiB of text")
    func pageBytes() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for size in [100, 156, 1, 256, 0] {
                let text = String(repeating: "x", count: size << 10)
                #expect(try await ann.send(text, to: ann.id).status == 200)
            }
            for (after, numbers) in [(0, [1, 2]), (1, [2, 3]), (2, [3]), (3, [4, 5])] as [(Int64, [Int64])] {
                let page = try await ann.fetch(after: after)
                #expect(page.messages.map(\.number) == numbers)
                #expect(page.next == numbers.last)
            }
        }
    }

    @Test("Limits and numbers that are none are a validation error")
    func parameters() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for query in [
                "limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=", "after=-1", "after=x", "after=1.5", "after=",
                "after=99999999999999999999",
            ] {
                let answer = try await client.call("GET", "/api/messages/?\(query)", token: ann.token)
                #expect(answer.status == 400, "\(query)")
                #expect(answer.text == "Validation error.", "\(query)")
            }
            for body in [#"{"through":-1}"#, #"{"through":"1"}"#, #"{"through":1.5}"#, #"{"through":null}"#, "{}", ""] {
                let answer = try await client.call("POST", "/api/messages/ack/", json: body, token: ann.token)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text == "Validation error.", "\(body)")
            }
        }
    }

    @Test("Fetching acknowledges nothing; acknowledging moves the cursor forward alone")
    func acknowledge() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for text in ["1", "2", "3"] { #expect(try await ann.send(text, to: ann.id).status == 200) }
            for _ in 1...2 { #expect(try await ann.fetch().messages.count == 3) }
            for (through, cursor) in [(2, 2), (1, 2), (0, 2), (2, 2)] as [(Int64, Int64)] {
                let answer = try await ann.acknowledge(through)
                #expect(answer.status == 200)
                #expect(answer.text == #"{"through":\#(cursor)}"#)
            }
            // The page begins behind the cursor, whatever is asked for.
            #expect(try await ann.fetch(after: 0).messages.map(\.number) == [3])
            #expect(try await ann.acknowledge(3).status == 200)
            let page = try await ann.fetch()
            #expect(page.messages.isEmpty)
            #expect(page.next == 3)
        }
    }

    @Test("Beyond the newest number it is 409 with that number, for acknowledging, fetching and streaming")
    func aheadOfInbox() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send("1", to: ann.id).status == 200)
            let problem = TestClient.problem
            let answers = [
                try await ann.post("/api/messages/ack/", ["through": 2], headers: problem),
                try await client.call("GET", "/api/messages/?after=2", token: ann.token, headers: problem),
                try await client.call(
                    "GET", "/api/messages/?after=2", token: ann.token,
                    headers: ["Accept": "text/event-stream, application/problem+json"]),
                try await client.call(
                    "GET", "/api/messages/", token: ann.token,
                    headers: ["Accept": "text/event-stream, application/problem+json", "Last-Event-ID": "2"]),
            ]
            for answer in answers {
                #expect(answer.status == 409)
                #expect(answer.type == "ahead-of-inbox")
                #expect(answer.number("head") == 1)
            }
            #expect(try await ann.acknowledge(2).status == 409)
            #expect(try await ann.fetch(after: 1).messages.isEmpty)
            #expect(try await ann.fetch().messages.count == 1)
        }
    }

    @Test("A full inbox drops what a device has acknowledged; a device that missed it is told by a gap")
    func dropsAcknowledgedFirst() async throws {
        try await TestServer.run({ $0.limits.messages = 3 }) { server in
            let client = TestClient(server.url)
            let quick = try await TestUser.make(on: client)
            let slow = try await TestUser.logIn(quick.name, on: client)
            for text in ["1", "2", "3"] { #expect(try await quick.send(text, to: quick.id).status == 200) }
            #expect(try await quick.acknowledge(2).status == 200)
            for text in ["4", "5"] { #expect(try await quick.send(text, to: quick.id).status == 200) }
            // 3 is the oldest now, and nobody has acknowledged it.
            #expect(try await quick.send("6", to: quick.id).status == 429)

            try await client.stream(token: slow.token) { events in
                let first = try await events.take(5)
                #expect(first.map(\.name) == ["gap", "message", "message", "message", "caught-up"])
                #expect(first[0].data == #"{"from":1,"to":2}"#)
                #expect(first.compactMap { $0.message?.messageID.rawValue } == [3, 4, 5])
            }
            #expect(try await slow.fetch().messages.map(\.number) == [3, 4, 5])
            try await client.stream(token: quick.token) { events in
                let first = try await events.next()
                #expect(first?.message?.message == "3", "what a device acknowledged is no gap for it")
            }
        }
    }

    @Test("An unread message waits as long as it may and then goes; its number stays used")
    func expiry() async throws {
        let time = TestTime()
        try await TestServer.run({
            $0.use(time)
            $0.settings.messageTTL = .hours(2)
        }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send("1", to: ann.id).status == 200)
            time.advance(by: .hours(1))
            #expect(try await ann.send("2", to: ann.id).status == 200)
            time.advance(by: .hours(1))
            try await eventually("the first is gone") {
                time.advance(by: .seconds(1))
                return try await ann.fetch().messages.map(\.number) != [1, 2]
            }
            #expect(try await ann.fetch().messages.map(\.number) == [2])
            time.advance(by: .hours(1))
            try await eventually("the second is gone") {
                time.advance(by: .seconds(1))
                return try await ann.fetch().messages.isEmpty
            }
            #expect(try await ann.fetch().next == 0, "the one asked from, whatever the newest number is")
            try await client.stream(token: ann.token) { events in
                let first = try await events.take(2)
                #expect(first.map(\.name) == ["gap", "caught-up"])
                #expect(first[0].data == #"{"from":1,"to":2}"#)
            }
            #expect(try await ann.send("3", to: ann.id).status == 200)
            #expect(try await ann.fetch().messages.map(\.number) == [3])
            try await client.stream(token: ann.token) { events in
                let gap = try await events.next()
                #expect(gap?.name == "gap")
                let message = try await events.next()
                #expect(message?.id == "3")
            }
        }
    }
}

import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@Suite("Idempotency", .timeLimit(.minutes(1)))
struct IdempotencyTests {
    private static func fields(of user: TestUser, to receiver: Int64, key: String?) -> [String: any Sendable] {
        var fields: [String: any Sendable] = [
            "message": "hi", "sender_id": user.id, "sender_username": user.name, "receiver_id": receiver,
            "send_date": "2026-01-02 03:04:05",
        ]
        if let key { fields["client_message_id"] = key }
        return fields
    }

    @Test("A repeat gets the first answer again and stores nothing, the key in the body or in the header")
    func repeats() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bodies: [(String?, String?)] = [("k1", nil), (nil, "k1"), ("k1", "k1"), ("k1", nil)]
            for (body, header) in bodies {
                let headers =
                    header.map { ["Idempotency-Key": $0, "Accept": "application/json"] } ?? ["Accept": "application/json"]
                let answer = try await ann.post("/api/messages/", Self.fields(of: ann, to: ann.id, key: body), headers: headers)
                #expect(answer.status == 200)
                #expect(answer.json["client_message_id"] as? String == "k1")
                #expect(answer.number("receivers") == 1)
            }
            #expect(try await ann.inbox().count == 1)
            #expect(try await ann.send("hi", to: ann.id, key: "K1").status == 200)
            #expect(try await ann.send("hi", to: ann.id).status == 200)
            #expect(try await ann.send("hi", to: ann.id).status == 200)
            #expect(try await ann.inbox().count == 4)
        }
    }

    @Test("A key has 1 to 64 visible ASCII characters, the same in both places")
    func keys() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for (body, header) in [
                ("a", "b"), ("a", "A"), ("", nil), (String(repeating: "k", count: 65), nil), ("two words", nil), ("ü", nil),
                ("a\u{7F}", nil), (nil, String(repeating: "k", count: 65)), (nil, "two words"), (nil, ""),
            ] as [(String?, String?)] {
                let answer = try await ann.post(
                    "/api/messages/", Self.fields(of: ann, to: ann.id, key: body),
                    headers: header.map { ["Idempotency-Key": $0] } ?? [:])
                #expect(answer.status == 400, "\(body ?? "-") \(header ?? "-")")
                #expect(answer.text == "Validation error.", "\(body ?? "-") \(header ?? "-")")
            }
            for key in ["!", "~", String(repeating: "k", count: 64)] {
                #expect(try await ann.send("hi", to: ann.id, key: key).status == 200)
            }
            #expect(try await ann.inbox().count == 3)
        }
    }

    @Test("Another message, receiver or date under a used key is 422 and stores nothing")
    func otherContent() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bob = try await TestUser.make(on: client)
            #expect(try await ann.send("hi", to: bob.id, key: "key").status == 200)
            for answer in [
                try await ann.send("ho", to: bob.id, key: "key"), try await ann.send("hi", to: ann.id, key: "key"),
                try await ann.send("hi", to: bob.id, key: "key", date: "2026-01-02 03:04:06"),
                try await ann.sendList([(bob.id, "hi"), (ann.id, "hi")], key: "key"),
                // Looked up before any other check.
                try await ann.send("hi", to: 999, key: "key"), try await ann.send("hi", to: bob.id, key: "key", date: "never"),
                try await ann.send(String(repeating: "x", count: 262_145), to: bob.id, key: "key"),
            ] { #expect(answer.status == 422) }
            let problem = try await ann.post(
                "/api/messages/", Self.fields(of: ann, to: 999, key: "key"), headers: TestClient.problem)
            #expect(problem.type == "key-reused")
            #expect(try await bob.inbox().count == 1)
            #expect(try await ann.inbox().isEmpty)
        }
    }

    @Test("Texts that Unicode takes for equal are other messages")
    func canonicallyEquivalentTexts() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send("e\u{301}", to: ann.id, key: "key").status == 200)
            #expect(try await ann.send("\u{E9}", to: ann.id, key: "key").status == 422)
        }
    }

    @Test("A repeat is answered as before when its receiver has gone or is full", arguments: [false, true])
    func laterObstacles(isList: Bool) async throws {
        try await TestServer.run({ $0.limits.messages = 1 }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bob = try await TestUser.make(on: client)
            func send() async throws -> TestClient.Answer {
                isList
                    ? try await ann.sendList([(bob.id, "hi")], key: "key") : try await ann.send("hi", to: bob.id, key: "key")
            }
            #expect(try await send().status == 200)
            #expect(try await ann.send("more", to: bob.id).status == 429)
            #expect(try await send().status == 200)
            let gone = try await client.call("DELETE", "/api/users/", json: #"{"user_id":\#(bob.id)}"#, token: bob.token)
            #expect(gone.status == 200)
            #expect(try await send().text == "Message processed.")
            #expect(try await ann.send("hi", to: bob.id, key: "other").status == 400)
        }
    }

    @Test("Twenty repeats at once store one message")
    func concurrentRepeats() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for round in 1...5 {
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 1...20 {
                        group.addTask {
                            try await ann.send("hi", to: ann.id, key: "key \(round)".replacing(" ", with: "-")).status
                        }
                    }
                    return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
                }
                #expect(statuses == [200])
            }
            #expect(try await ann.inbox().count == 5)
        }
    }

    @Test("A key lasts 24 hours from its first use")
    func expiry() async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send("hi", to: ann.id, key: "key").status == 200)
            time.advance(by: .hours(23) + .minutes(59))
            #expect(try await ann.send("ho", to: ann.id, key: "key").status == 422)
            #expect(try await ann.send("hi", to: ann.id, key: "key").status == 200)
            time.advance(by: .minutes(1))
            #expect(try await ann.send("ho", to: ann.id, key: "key").status == 200)
            #expect(try await ann.inbox().map(\.message) == ["hi", "ho"])
        }
    }

    @Test("A key belongs to its sender")
    func perSender() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bob = try await TestUser.make(on: client)
            let annAgain = try await TestUser.logIn(ann.name, on: client)
            #expect(try await ann.send("from ann", to: ann.id, key: "key").status == 200)
            #expect(try await bob.send("from bob", to: ann.id, key: "key").status == 200)
            #expect(try await annAgain.send("from ann", to: ann.id, key: "key").status == 200)
            #expect(try await ann.inbox().map(\.message) == ["from ann", "from bob"])
        }
    }

    @Test("Refusals are not remembered")
    func refusals() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send("hi", to: ann.id + 1, key: "key").status == 400)
            let bob = try await TestUser.make(on: client)
            #expect(bob.id == ann.id + 1)
            #expect(try await ann.send("hi", to: bob.id, key: "key").status == 200)
            #expect(try await bob.inbox().count == 1)
        }
    }

    @Test("Too many live keys of one user are 429; they make room when they expire")
    func tooMany() async throws {
        let time = TestTime()
        try await TestServer.run({
            $0.use(time)
            $0.limits.liveKeysPerUser = 2
        }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for key in ["a", "b"] { #expect(try await ann.send("hi", to: ann.id, key: key).status == 200) }
            let refused = try await ann.send("hi", to: ann.id, key: "c")
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] != nil)
            #expect(try await ann.send("hi", to: ann.id, key: "a").status == 200)
            #expect(try await ann.send("hi", to: ann.id).status == 200)
            time.advance(by: .hours(24))
            try await eventually("old keys are dropped") {
                time.advance(by: .seconds(1))
                return try await ann.send("hi", to: ann.id, key: "c").status == 200
            }
        }
    }
}

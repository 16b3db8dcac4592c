import Foundation
import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport
import Testing

@Suite("Sending", .timeLimit(.minutes(1)))
struct SendTests {
    /// A whole message as JSON; a nil value leaves its field out, any other is taken as JSON.
    private static func body(of user: TestUser, _ changes: [String: String?] = [:]) -> String {
        var fields: [String: String] = [
            "message": #""hi""#, "sender_id": "\(user.id)", "sender_username": "\"\(user.name)\"", "receiver_id": "\(user.id)",
            "send_date": #""2026-01-02 03:04:05""#,
        ]
        for (field, value) in changes { fields[field] = value }
        return "{" + fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    @Test("A message reaches its receiver's inbox with the sender's name from the account")
    func single() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let bob = try await TestUser.make(on: client, name: "bob")
            let answer = try await ann.send("hello bob", to: bob.id)
            #expect(answer.status == 200)
            #expect(answer.text == "Message processed.")
            #expect(try await ann.send("to me", to: ann.id).status == 200)
            #expect(
                try await bob.inbox() == [
                    DeliveredMessage(
                        messageID: MessageNumber(1), senderID: UserID(ann.id), senderUsername: "ann",
                        receiverID: UserID(bob.id), message: "hello bob", sendDate: "2026-01-02 03:04:05")
                ])
            #expect(try await ann.inbox().map(\.message) == ["to me"])
        }
    }

    @Test("Text and date come out byte for byte as they went in")
    func byteForByte() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let texts = [
                "", "\u{0}", "before\u{0}after", "e\u{301} and \u{E9}", "\u{FEFF}mark", "\r\n\t\u{2028}\u{7F}", #"\"/</script>"#,
                "👩‍👩‍👧 \u{10FFFF}", " edge ",
            ]
            let dates = [
                "2026-01-02 03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000100+02:00", "2024-02-29T23:59",
            ]
            for text in texts { #expect(try await ann.send(text, to: ann.id).status == 200, "\(text.debugDescription)") }
            for date in dates { #expect(try await ann.send("", to: ann.id, date: date).status == 200, "\(date)") }
            let inbox = try await ann.inbox()
            // As bytes: Swift takes canonically equivalent texts for equal.
            #expect(inbox.prefix(texts.count).map { Array($0.message.utf8) } == texts.map { Array($0.utf8) })
            #expect(inbox.suffix(dates.count).map(\.sendDate) == dates)

            try await client.stream(token: ann.token) { events in
                let streamed = try await events.take(texts.count).compactMap { $0.message }
                #expect(streamed.map { Array($0.message.utf8) } == texts.map { Array($0.utf8) })
            }
        }
    }

    @Test("What is missing, of the wrong type or not allowed is a validation error and stores nothing")
    func validation() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            var bodies: [(String, field: String)] = []
            for field in ["message", "sender_id", "sender_username", "receiver_id", "send_date"] {
                bodies.append((Self.body(of: ann, [field: nil]), field))
                bodies.append((Self.body(of: ann, [field: "[]"]), field))
                bodies.append((Self.body(of: ann, [field: "null"]), field))
            }
            for value in [#""1""#, "true", "{}"] {
                bodies.append((Self.body(of: ann, ["receiver_id": value]), "receiver_id"))
            }
            for value in ["1.5", "1e99", "99999999999999999999", "-9223372036854775809"] {
                bodies.append((Self.body(of: ann, ["receiver_id": value]), ""))
            }
            for date in ["", "yesterday", "2026-02-29 00:00:00", "2026-01-02 24:00:00", "2026-01-02T03:04:05Zjunk", "02.01.2026"]
            {
                bodies.append((Self.body(of: ann, ["send_date": "\"\(date)\""]), "send_date"))
            }
            for text in [#""\ud800""#, #""\udc00\ud800""#, #""\ud83dx""#] {
                bodies.append((Self.body(of: ann, ["message": text]), ""))
            }
            bodies += [("", ""), ("[]", ""), ("null", ""), ("7", ""), ("{", ""), (Self.body(of: ann) + "x", "")]
            bodies.append((Self.body(of: ann, ["more": Self.nested(16)]), ""))
            for (body, field) in bodies {
                let answer = try await client.call("POST", "/api/messages/", json: body, token: ann.token)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text == "Validation error.", "\(body)")
                let problem = try await client.call(
                    "POST", "/api/messages/", json: body, token: ann.token, headers: TestClient.problem)
                #expect(problem.type == "validation", "\(body)")
                #expect((problem.json["detail"] as? String)?.hasPrefix(field) == true, "\(body): \(problem.text)")
            }
            let notText = try await client.call(
                "POST", "/api/messages/",
                bytes: Array(Self.body(of: ann, ["message": #""@""#]).utf8).map { $0 == UInt8(ascii: "@") ? 0xFF : $0 },
                token: ann.token)
            #expect(notText.status == 400)
            #expect(try await ann.inbox().isEmpty)

            let deepest = Self.body(of: ann, ["more": Self.nested(15)])
            #expect(try await client.call("POST", "/api/messages/", json: deepest, token: ann.token).status == 200)
        }
    }

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test("Another sender than the token's is 401 and ends no session", arguments: [false, true])
    func senderMismatch(isList: Bool) async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let bob = try await TestUser.make(on: client, name: "bob")
            let list = "[{\"receiver_id\":\(bob.id),\"message\":\"hi\"}]"
            let form: [String: String?] = isList ? ["messages": list, "message": nil, "receiver_id": nil] : [:]
            for change in [["sender_id": "\(bob.id)"], ["sender_username": #""bob""#], ["sender_username": #""""#]] {
                let body = Self.body(of: ann, form.merging(change) { $1 })
                let answer = try await client.call(
                    "POST", "/api/messages/", json: body, token: ann.token, headers: TestClient.problem)
                #expect(answer.status == 401, "\(body)")
                #expect(answer.type == "sender-mismatch", "\(body)")
            }
            #expect(try await client.call("POST", "/api/messages/", json: Self.body(of: ann)).text == "Not authorized.")
            #expect(try await ann.send("still here", to: bob.id).status == 200)
            #expect(try await bob.inbox().map(\.message) == ["still here"])
        }
    }

    @Test("A list goes to all its receivers or to none, and names those that are unknown")
    func list() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bob = try await TestUser.make(on: client)
            let answer = try await ann.sendList([(bob.id, "to bob"), (ann.id, "to me")])
            #expect(answer.status == 200)
            #expect(answer.text == "Message processed.")

            let unknown = try await ann.sendList(
                [(bob.id, "x"), (77, "x"), (ann.id, "x"), (-1, "x")], headers: TestClient.problem)
            #expect(unknown.status == 400)
            #expect(unknown.type == "unknown-receivers")
            #expect(unknown.numbers("unknown_receivers") == [77, -1])
            let single = try await ann.send("x", to: 77)
            #expect(single.status == 400)
            #expect(try await bob.inbox().map(\.message) == ["to bob"])
            #expect(try await ann.inbox().map(\.message) == ["to me"])
        }
    }

    @Test("A list is not empty, names nobody twice, and is not mixed with the other form")
    func listForms() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let item: [String: any Sendable] = ["receiver_id": ann.id, "message": "hi"]
            let date = "2026-01-02 03:04:05"
            let bodies: [[String: any Sendable]] = [
                ["messages": [[String: any Sendable]](), "send_date": date], ["messages": [item, item], "send_date": date],
                ["messages": [item], "send_date": date, "receiver_id": ann.id],
                ["messages": [item], "send_date": date, "message": "hi"], ["messages": [item]],
                ["messages": [["receiver_id": ann.id] as [String: any Sendable]], "send_date": date],
                ["messages": [["message": "hi"]], "send_date": date], ["messages": item, "send_date": date],
            ]
            for body in bodies {
                let answer = try await ann.post("/api/messages/", body)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text == "Validation error.", "\(body)")
            }
            let tooMany = try await ann.sendList((1...1_001).map { (Int64($0), "hi") }, headers: TestClient.problem)
            #expect(tooMany.type == "validation")
            #expect(try await ann.inbox().isEmpty)
        }
    }

    @Test("A list reaches up to 1,000 receivers")
    func longestList() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            var receivers: [Int64] = [ann.id]
            for index in 2...1_000 {
                let account = NewAccount(
                    username: Username("receiver \(index)")!, phoneFingerprint: Array("\(index)".utf8), passwordHash: "",
                    invitation: nil, now: Timestamp(milliseconds: 0))
                receivers.append(try await server.backend.register(account).rawValue)
            }
            let answer = try await ann.sendList(receivers.map { ($0, "hi") }, headers: ["Accept": "application/json"])
            #expect(answer.status == 200)
            #expect(answer.number("receivers") == 1_000)
            #expect(try await server.backend.statistics().messages == 1_000)
        }
    }

    @Test("The answer is JSON when JSON is named with at least the weight of plain text")
    func answerForms() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let fields = Self.body(of: ann, ["client_message_id": #""key""#])
            let cases: [(String?, Bool)] = [
                (nil, false), ("*/*", false), ("application/*", false), ("text/plain", false), ("application/json", true),
                ("APPLICATION/JSON", true), ("application/json, text/plain", true), ("text/plain, application/json", true),
                ("application/json;q=0.5, text/plain", false), ("text/plain;q=0.5, application/json;q=0.6", true),
                ("application/json;q=0", false), ("text/html, application/json;q=0.1, */*", true),
            ]
            for (accept, isJSON) in cases {
                let answer = try await client.call(
                    "POST", "/api/messages/", json: fields, token: ann.token, headers: accept.map { ["Accept": $0] } ?? [:])
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"]?.hasPrefix(isJSON ? "application/json" : "text/plain") == true)
                if isJSON {
                    #expect(answer.json.keys.sorted() == ["client_message_id", "receivers", "status"], "\(accept ?? "-")")
                    #expect(answer.json["status"] as? String == "accepted")
                    #expect(answer.json["client_message_id"] as? String == "key")
                    #expect(answer.number("receivers") == 1)
                } else {
                    #expect(answer.text == "Message processed.", "\(accept ?? "-")")
                }
            }
        }
    }
}

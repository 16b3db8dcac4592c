import KeyLog
import MessengerAPI
import MessengerCore
import MessengerCrypto
import TestSupport
import Testing

@testable import MessengerHTTP

@Suite("Keys over HTTP", .timeLimit(.minutes(1)))
struct KeyTests {
    private static let problem = ["Accept": "application/problem+json"]

    private func post(_ path: String, _ body: some Encodable, _ user: TestUser) async throws -> TestClient.Answer {
        try await user.client.call(
            "POST", path, json: String(decoding: WireJSON.encode(body), as: UTF8.self), token: user.token,
            headers: Self.problem)
    }

    private func get(_ path: String, _ user: TestUser) async throws -> TestClient.Answer {
        try await user.client.call("GET", path, token: user.token, headers: Self.problem)
    }

    /// A user with one device and keys.
    private func person(
        _ server: TestServer, oneTime: Int = 0
    ) async throws -> (user: TestUser, account: TestKeyAccount, phone: TestKeyDevice) {
        let user = try await TestUser.make(on: TestClient(server.url))
        let now = TimeSource.system.now()
        var account = TestKeyAccount(user.name, log: try await server.backend.openLog(now: now))
        let phone = try account.device(created: now)
        #expect(try await post("/api/keys/state/", try account.advance([phone]), user).status == 200)
        #expect(try await post("/api/keys/", try phone.keys(oneTime: oneTime, created: now), user).status == 200)
        return (user, account, phone)
    }

    private func number(_ value: (any Sendable)?) -> Int? { value as? Int }

    @Test("From nothing to a message that is sealed to what is there")
    func walk() async throws {
        try await TestServer.run { server in
            let (ann, account, phone) = try await person(server, oneTime: 2)
            let (bob, _, _) = try await person(server)
            let found = try await get("/api/keys/?username=\(ann.name)", bob)
            #expect(found.status == 200 && number(found.json["user_id"]) == Int(ann.id))
            #expect(number(found.json["keys_version"]) == 2)
            let byID = try await get("/api/keys/?user_id=\(ann.id)", bob)
            #expect(byID.text == found.text)

            let claim = ClaimKeysRequest(userID: UserID(ann.id), requestID: "1")
            let claimed = try await post("/api/keys/claim/", claim, bob)
            #expect(claimed.status == 200)
            let keys = try #require(claimed.json["keys"] as? [[String: any Sendable]])
            let record = try #require((keys.first?["record"] as? String).flatMap { Base64Bytes(text: $0) })
            #expect(Signed<KeyRecord>(record.bytes)?.object.kind == .oneTime)

            let count = try await get("/api/keys/count/?device=\(Base64URL.text(phone.fingerprint.bytes))", ann)
            #expect(count.status == 200 && number(count.json["one_time"]) == 1 && number(count.json["sealed_through"]) == 0)

            for (version, status) in [(1, 409), (2, 200)] {
                let sent = try await send(bob, to: ann, version: version)
                #expect(sent.status == status, "\(sent.text)")
                if status == 409 {
                    #expect(sent.json["type"] as? String == "stale-keys")
                    let stale = try #require(sent.json["stale_keys"] as? [[String: any Sendable]])
                    #expect(number(stale.first?["receiver_id"]) == Int(ann.id) && number(stale.first?["keys_version"]) == 2)
                }
            }
            let next = try account.next([phone], seq: 7)
            let refused = try await post("/api/keys/state/", TestKeyAccount.request(next, [phone]), ann)
            #expect(refused.status == 409 && number(refused.json["seq"]) == 1)
            #expect(refused.json["type"] as? String == "stale-state")
        }
    }

    private func send(_ sender: TestUser, to receiver: TestUser, version: Int) async throws -> TestClient.Answer {
        try await sender.client.post(
            "/api/messages/",
            [
                "message": "sealed", "sender_id": sender.id, "sender_username": sender.name, "receiver_id": receiver.id,
                "send_date": "2026-01-02 03:04:05", "keys_version": version, "client_message_id": "one",
            ], token: sender.token, headers: Self.problem)
    }

    @Test("A list names the version of each receiver, and all that are stale are told")
    func list() async throws {
        try await TestServer.run { server in
            let (ann, _, _) = try await person(server)
            let (bob, _, _) = try await person(server)
            func send(_ fields: [String: any Sendable]) async throws -> TestClient.Answer {
                try await ann.client.post("/api/messages/", fields, token: ann.token, headers: Self.problem)
            }
            func item(_ user: TestUser, _ version: Int) -> [String: any Sendable] {
                ["receiver_id": user.id, "message": "m", "keys_version": version]
            }
            let date = "2026-01-02 03:04:05"
            let stale = try await send(["messages": [item(ann, 1), item(bob, 9)], "send_date": date])
            #expect(stale.status == 409 && (stale.json["stale_keys"] as? [any Sendable])?.count == 2)
            #expect(try await send(["messages": [item(ann, 2), item(bob, 2)], "send_date": date]).status == 200)
            let misplaced = try await send(["messages": [item(ann, 2)], "send_date": date, "keys_version": 2])
            #expect(misplaced.status == 400)
        }
    }

    @Test("The log is read by its files, and its root is the one that was signed")
    func log() async throws {
        try await TestServer.run { server in
            let (ann, account, _) = try await person(server)
            _ = try await person(server)
            let identity = try await server.backend.openLog(now: TimeSource.system.now())
            let keys = try await get("/api/log/keys/", ann)
            #expect(keys.json["first"] as? String == identity.first.description)
            #expect(keys.json["key"] as? String == identity.key.description)
            #expect(keys.json["cosigner"] as? String == identity.cosigner.description)
            #expect(keys.json["origin"] as? String == identity.key.name)
            #expect(keys.json["name_key"] as? String == Base64Bytes(identity.nameKey).text)
            let replay = try await LogReplay.run(identity) { path in
                let answer = try await get("/api/log/\(path)", ann)
                let type = path == "checkpoint" ? "text/plain; charset=utf-8" : "application/octet-stream"
                #expect(answer.headers["content-type"] == type)
                return answer.status == 200 ? answer.bytes : nil
            }
            #expect(replay.view.size == 2 && replay.view.entry(for: account.id)?.seq == 1)
            #expect(try await get("/api/log/tile/0/000.p/3/", ann).status == 404)
            #expect(try await get("/api/log/tile/nothing", ann).status == 404)
            let wrongMethod = try await ann.client.call("POST", "/api/log/tile/0/000", token: ann.token)
            #expect(wrongMethod.status == 405 && wrongMethod.headers["allow"] == "GET")
        }
    }

    @Test("The checkpoint is cosigned anew each minute, also of a log that stands still")
    func freshness() async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let identity = try await server.backend.openLog(now: time.now)
            let keys = LogKeys(log: identity.key, freshness: identity.cosigner)
            func freshAt() async throws -> UInt64? {
                try keys.open(try await get("/api/log/checkpoint/", ann).bytes).freshAt
            }
            for _ in 0..<3 {
                let before = try #require(try await freshAt())
                try await time.passOnceAllSleep(.seconds(60))
                try await eventually("it is cosigned") { try await freshAt() == before + 60 }
            }
        }
    }

    @Test("A removed device is logged out at once")
    func revocation() async throws {
        try await TestServer.run { server in
            var (ann, account, phone) = try await person(server)
            let desk = try await TestUser.logIn(ann.name, on: ann.client)
            let deskDevice = try account.device(created: TimeSource.system.now())
            #expect(try await post("/api/keys/state/", try account.advance([phone, deskDevice]), ann).status == 200)
            let keys = try deskDevice.keys(created: TimeSource.system.now())
            #expect(try await post("/api/keys/", keys, desk).status == 200)
            #expect(try await post("/api/keys/", keys, ann).json["type"] as? String == "forbidden")
            #expect(try await post("/api/keys/state/", try account.advance([phone]), ann).status == 200)
            #expect(try await get("/api/messages/", desk).status == 401)
            #expect(try await get("/api/messages/", ann).status == 200)
        }
    }

    @Test("What is no request is said to be none")
    func refusals() async throws {
        try await TestServer.run { server in
            let (ann, _, _) = try await person(server)
            for (path, status, type) in [
                ("/api/keys/", 400, "validation"), ("/api/keys/?user_id=1&username=x", 400, "validation"),
                ("/api/keys/?user_id=x", 400, "validation"), ("/api/keys/?user_id=999", 404, "no-keys"),
                ("/api/keys/?username=nobody", 404, "no-keys"), ("/api/keys/count/", 400, "validation"),
                ("/api/keys/count/?device=AA%3D%3D", 400, "validation"),
                ("/api/keys/count/?device=AAAAAAAAAAAAAAAAAAAAAA", 404, "no-keys"),
                ("/api/keys/links/?id=AAAA", 404, "not-found"),
            ] {
                let answer = try await get(path, ann)
                #expect(answer.status == status && answer.json["type"] as? String == type, "\(path): \(answer.text)")
            }
            for (path, body) in [
                ("/api/keys/state/", #"{"state":"AAAA"}"#), ("/api/keys/state/", #"{"state":"A"}"#), ("/api/keys/state/", "{}"),
                ("/api/keys/", #"{"device":"AAAA"}"#), ("/api/keys/", #"{"device":7}"#),
                ("/api/keys/claim/", #"{"user_id":1,"request_id":""}"#),
                ("/api/keys/claim/", #"{"user_id":1,"request_id":"r","devices":["A"]}"#),
                ("/api/keys/claim/", #"{"user_id":1,"request_id":"r","devices":[null]}"#),
                ("/api/keys/links/", #"{"id":"AAAA","data":""}"#),
            ] {
                let answer = try await ann.client.call("POST", path, json: body, token: ann.token, headers: Self.problem)
                #expect(answer.status == 400, "\(path) \(body): \(answer.text)")
            }
            let long = #"{"id":""# + String(repeating: "A", count: 300_000) + #"","data":""}"#
            #expect(try await ann.client.call("POST", "/api/keys/links/", json: long, token: ann.token).status == 413)
        }
    }

    @Test("A note goes from one session of a user to another")
    func links() async throws {
        try await TestServer.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let desk = try await TestUser.logIn(ann.name, on: ann.client)
            let id = Array(repeating: UInt8(0xFB), count: 32)
            let note = LinkNoteRequest(id: Base64Bytes(id), data: Base64Bytes(Array("bundle".utf8)))
            let kept = try await post("/api/keys/links/", note, ann)
            #expect(kept.status == 200 && kept.text == "Note kept.")
            let read = try await get("/api/keys/links/?id=\(Base64URL.text(id))", desk)
            #expect(read.json["data"] as? String == note.data.text)
            let other = LinkNoteRequest(id: note.id, data: Base64Bytes([]))
            #expect(try await post("/api/keys/links/", other, desk).json["type"] as? String == "note-taken")
        }
    }
}

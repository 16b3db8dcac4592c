import Foundation
import MessengerCore
import TestSupport
import Testing

@Suite("Sessions", .timeLimit(.minutes(1)))
struct SessionTests {
    @Test("A login gives a token, a device, its cursor and a callback secret")
    func logIn() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            let answer = try await client.logIn("ann")
            #expect(answer.status == 200)
            #expect(
                answer.json.keys.sorted() == ["callback", "callback_secret", "cursor", "device_id", "msg", "token", "user_id"])
            #expect(answer.json["msg"] as? String == "Login successful.")
            #expect(answer.number("user_id") == 1)
            #expect(answer.number("cursor") == 0)
            #expect((answer.json["token"] as? String)?.utf8.count == 43)
            #expect((answer.json["callback_secret"] as? String)?.hasPrefix("whsec_") == true)
        }
    }

    @Test("All four fields of a login have to be there; address and key may be empty")
    func loginFields() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            let whole = ["username": "ann", "password": TestUser.password, "user_address": "", "public_key": ""]
            #expect(try await client.post("/api/login/", whole).status == 200)
            for field in whole.keys {
                let rest = whole.filter { $0.key != field }
                let wrong = TestClient.json(rest).dropLast() + #","\#(field)":7}"#
                for body in [TestClient.json(rest), String(wrong)] {
                    let answer = try await client.call("POST", "/api/login/", json: body)
                    #expect(answer.status == 400, "\(body)")
                    #expect(answer.text == "Validation error.", "\(body)")
                }
            }
        }
    }

    @Test("A wrong name, a wrong password and an impossible name get the same answer")
    func wrongCredentials() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            let long = String(repeating: "x", count: 2_000)
            for (name, password) in [
                ("ann", "wrong password"), ("bob", TestUser.password), ("", TestUser.password), (" ann", TestUser.password),
                ("ann", ""), ("ann", long), ("ann", TestUser.password + "\u{0}"),
            ] {
                let answer = try await client.logIn(name, password: password)
                #expect(answer.status == 401, "\(name)")
                #expect(answer.text == "Incorrect username or password.", "\(name)")
                #expect(answer.headers["www-authenticate"] != nil, "\(name)")
            }
        }
    }

    @Test("A logout names its user, and ends this token alone")
    func logOut() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let other = try await TestUser.logIn("ann", on: client)
            let wrong = try await client.post("/api/logout/", ["username": "bob"], token: ann.token)
            #expect(wrong.status == 400)
            #expect(wrong.text == "Validation error.")
            #expect(try await client.post("/api/logout/", ["username": "ann"]).status == 401)
            #expect(try await client.status(of: ann.token) == 200)

            let right = try await ann.logOut()
            #expect(right.status == 200)
            #expect(right.json.keys.sorted() == ["msg", "username"])
            #expect(right.json["msg"] as? String == "Logout successful.")
            #expect(right.json["username"] as? String == "ann")
            let dead = try await ann.logOut()
            #expect(dead.status == 401)
            #expect(dead.text == "Invalid token.")
            #expect(try await client.status(of: other.token) == 200)
        }
    }

    @Test("A new password needs the old one and ends all other sessions")
    func changePassword() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let others = [try await TestUser.logIn("ann", on: client), try await TestUser.logIn("ann", on: client)]
            func change(_ old: String, _ new: String) async throws -> TestClient.Answer {
                try await ann.post("/api/password/", ["old": old, "new": new])
            }
            let wrong = try await change("not it at all", "a new password")
            #expect(wrong.status == 401)
            #expect(try await change(TestUser.password, "short").text == "Validation error.")
            #expect(try await ann.post("/api/password/", ["new": "a new password"]).status == 400)
            #expect(try await client.post("/api/password/", ["old": "", "new": ""]).status == 401)
            for other in others { #expect(try await client.status(of: other.token) == 200) }

            #expect(try await change(TestUser.password, "a new password").status == 200)
            #expect(try await client.status(of: ann.token) == 200)
            for other in others { #expect(try await client.status(of: other.token) == 401) }
            #expect(try await client.logIn("ann").status == 401)
            #expect(try await client.logIn("ann", password: "a new password").status == 200)
        }
    }

    @Test("A token is good for 30 days from its last use")
    func expiry() async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let idle = try await TestUser.make(on: client)
            for _ in 1...2 {
                time.advance(by: .days(29))
                #expect(try await client.status(of: ann.token) == 200)
            }
            let late = try await client.call("GET", "/api/messages/", token: idle.token)
            #expect(late.status == 401)
            #expect(late.text == "Invalid token.")
            time.advance(by: .days(30))
            #expect(try await client.status(of: ann.token) == 401)
        }
    }

    @Test("A live stream counts as use of its token")
    func streamKeepsSession() async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                time.advance(by: .days(29))
                try await eventually("the session is refreshed") {
                    try await server.backend.session(TokenHash(of: ann.token), now: time.now)?.lastUsed == time.now
                }
            }
            time.advance(by: .days(29))
            #expect(try await client.status(of: ann.token) == 200)
        }
    }

    @Test("Failed logins slow down the pair of account and address, and nobody else")
    func throttle() async throws {
        let time = TestTime()
        try await TestServer.run({
            $0.use(time)
            $0.settings.rateLimit.perSecond = 100
            $0.settings.trustedProxies = [IPRange("127.0.0.1")!]
        }) { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            #expect(try await client.register("bob").status == 201)
            let attacker = TestClient.from("203.0.113.1")
            var statuses: [Int] = []
            while statuses.last != 429, statuses.count < 20 {
                statuses.append(try await client.logIn("ann", password: "wrong", headers: attacker).status)
            }
            #expect(statuses.last == 429)
            #expect(statuses.filter { $0 == 401 }.count >= 3)

            let refused = try await client.logIn("ann", headers: attacker)
            #expect(refused.status == 429)
            #expect(Int(refused.headers["retry-after"] ?? "") == 1)
            #expect(try await client.logIn("bob", headers: attacker).status == 200)
            #expect(try await client.logIn("ann", headers: TestClient.from("203.0.113.2")).status == 200)

            time.advance(by: .seconds(1))
            #expect(try await client.logIn("ann", password: "wrong", headers: attacker).status == 401)
            let longer = try await client.logIn("ann", headers: attacker)
            #expect(Int(longer.headers["retry-after"] ?? "") == 2)
            time.advance(by: .seconds(2))
            #expect(try await client.logIn("ann", headers: attacker).status == 200)
        }
    }

    @Test("An address with a live device is never locked out")
    func throttleSparesLiveDevices() async throws {
        try await TestServer.run({
            $0.settings.rateLimit.perSecond = 100
            $0.settings.trustedProxies = [IPRange("127.0.0.1")!]
        }) { server in
            let client = TestClient(server.url)
            let home = TestClient.from("2001:db8::1")
            let ann = try await TestUser.make(on: client, headers: home)
            for _ in 1...15 { #expect(try await client.logIn(ann.name, password: "wrong", headers: home).status == 401) }
            for (old, status) in [("wrong", 401), (TestUser.password, 200)] {
                let answer = try await ann.post("/api/password/", ["old": old, "new": TestUser.password], headers: home)
                #expect(answer.status == status)
            }
            let neighbour = TestClient.from("2001:db8::2")
            #expect(try await client.logIn(ann.name, headers: neighbour).status == 200, "the same /64")
        }
    }
}

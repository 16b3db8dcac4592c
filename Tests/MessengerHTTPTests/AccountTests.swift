import Foundation
import MessengerCore
import TestSupport
import Testing

@Suite("Accounts", .timeLimit(.minutes(1)))
struct AccountTests {
    @Test("A registration makes an account; one with a taken name or number is refused in the same words")
    func register() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let first = try await client.register("ann", phone: "+1 555-0100")
            #expect(first.status == 201)
            #expect(first.text == #"{"user_id":1}"#)

            let byName = try await client.register("ann", phone: "+1 555-0101")
            let byPhone = try await client.register("bob", phone: "+1 (555) 01.00")
            #expect(byName.status == 409)
            #expect(byPhone.status == 409)
            #expect(byName.text == byPhone.text)
            let asJSON = try await client.register("bob", phone: "+15550100", headers: TestClient.problem)
            #expect(asJSON.type == "taken")
            #expect(try await client.register("bob", phone: "+1 555-0102").status == 201)
        }
    }

    @Test("Every field of a registration has to be there, be a text, and be allowed")
    func registrationFields() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let bodies = [
                #"{"phone_number":"1","password":"long enough"}"#,
                #"{"username":"ann","password":"long enough"}"#,
                #"{"username":"ann","phone_number":"1"}"#,
                #"{"username":1,"phone_number":"1","password":"long enough"}"#,
                #"{"username":"ann","phone_number":1,"password":"long enough"}"#,
                #"{"username":"ann","phone_number":"1","password":null}"#,
                #"{"username":"ann","phone_number":"","password":"long enough"}"#,
                #"{"username":"ann","phone_number":"1\u00002","password":"long enough"}"#,
                #"{"username":"ann","phone_number":"123456789012345678901234567890123","password":"long enough"}"#,
                #"{"username":"ann","phone_number":"1","password":"seven77"}"#,
                #"{"username":"ann","phone_number":"1","password":"\#(String(repeating: "p", count: 1_025))"}"#,
            ]
            for body in bodies {
                let answer = try await client.call("POST", "/api/users/", json: body)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text == "Validation error.", "\(body)")
            }
            let shortest = #"{"username":"ann","phone_number":"1","password":"eight888","more":[1]}"#
            #expect(try await client.call("POST", "/api/users/", json: shortest).status == 201)
        }
    }

    @Test("Names have 1 to 64 characters and none that could mislead a reader")
    func usernames() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let refused = [
                "", String(repeating: "a", count: 65), " ann", "ann ", "\u{A0}ann", "ann\u{3000}", "a\u{0}b", "a\nb", "a\u{7F}b",
                "a\u{85}b", "\u{202E}ann", "ann\u{200F}", "a\u{2066}b", "a\u{2028}b", "a\u{61C}b",
            ]
            for name in refused {
                let answer = try await client.register(name, headers: TestClient.problem)
                #expect(answer.status == 400, "\(name.debugDescription)")
                #expect((answer.json["detail"] as? String)?.hasPrefix("username:") == true, "\(name.debugDescription)")
            }
            for name in ["a", String(repeating: "𝒂", count: 64), "ann lee", "Ann", "ann", "李", "o'neil; --", "<b>", "👩‍👩‍👧"] {
                #expect(try await client.register(name).status == 201, "\(name)")
            }
            #expect(try await client.register(String(repeating: "e\u{301}", count: 64)).status == 201)
        }
    }

    @Test("Two spellings of one name in Unicode are one name, kept in NFC")
    func normalisation() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            #expect(try await client.register("rene\u{301}").status == 201)
            #expect(try await client.register("ren\u{E9}").status == 409)
            // Only canonically equivalent: no case folding, no look-alikes.
            #expect(try await client.register("REN\u{C9}").status == 201)

            let user = try await TestUser.logIn("rene\u{301}", on: client)
            let answer = try await user.client.call("GET", "/api/users/?username=ren%C3%A9", token: user.token)
            #expect(answer.number("user_id") == user.id)
            #expect(Array((answer.json["username"] as? String ?? "").utf8) == Array("ren\u{E9}".utf8))
        }
    }

    @Test("A look-up takes the name from the query or the body and gives the key of the latest login")
    func find() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            #expect(try await client.register("bob lee").status == 201)

            let fresh = try await client.call("GET", "/api/users/?username=bob%20lee", token: ann.token)
            #expect(fresh.status == 200)
            #expect(fresh.json.keys.sorted() == ["public_key", "user_id", "username"])
            #expect(fresh.number("user_id") == 2)
            #expect(fresh.json["username"] as? String == "bob lee")
            #expect(fresh.json["public_key"] as? String == "")

            for (query, status) in [
                ("bob+lee", 200), ("bob%2Blee", 404), ("BOB%20LEE", 404), ("bob+lee&x=1&x=2&username=nobody", 200),
            ] {
                let answer = try await client.call("GET", "/api/users/?username=\(query)", token: ann.token)
                #expect(answer.status == status, "\(query)")
            }
            for key in ["first\u{0}key", "second"] {
                let login = try await client.post(
                    "/api/login/",
                    ["username": "bob lee", "password": TestUser.password, "user_address": "", "public_key": key])
                #expect(login.status == 200)
                let answer = try await client.call(
                    "GET", "/api/users/", json: #"{"username":"bob lee"}"#, token: ann.token)
                #expect(answer.json["public_key"] as? String == key)
            }
        }
    }

    @Test("A look-up without a name is 400, of an unknown name 404, without a token 401")
    func findNothing() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let unknown = try await client.call("GET", "/api/users/?username=nobody", token: ann.token)
            #expect(unknown.status == 404)
            for (query, body) in [("", nil), ("", "{}"), ("", #"{"username":1}"#), ("?username=", nil), ("?name=ann", nil)] {
                let answer = try await client.call("GET", "/api/users/" + query, json: body, token: ann.token)
                #expect(answer.status == 400, "\(query) \(body ?? "")")
                #expect(answer.text == "Validation error.", "\(query) \(body ?? "")")
            }
            let anonymous = try await client.call("GET", "/api/users/?username=ann")
            #expect(anonymous.status == 401)
            #expect(anonymous.text == "Not authorized.")
            let forged = try await client.call("GET", "/api/users/?username=ann", token: "forged")
            #expect(forged.status == 401)
            #expect(forged.text == "Invalid token.")
        }
    }

    @Test("Only the owner deletes an account; its id never comes again, its name may")
    func delete() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let bob = try await TestUser.make(on: client, name: "bob")
            let second = try await TestUser.logIn("bob", on: client)
            _ = try await ann.send("hi", to: bob.id)

            let anonymous = try await client.call("DELETE", "/api/users/", json: #"{"user_id":2}"#)
            #expect(anonymous.status == 401)
            #expect(anonymous.text == "Not authorized.")
            let others = try await client.call("DELETE", "/api/users/", json: #"{"user_id":1}"#, token: bob.token)
            let missing = try await client.call("DELETE", "/api/users/", json: #"{"user_id":99}"#, token: bob.token)
            #expect(others.status == 403)
            #expect(missing.status == 403)
            #expect(others.text == missing.text)
            for body in ["{}", #"{"user_id":"2"}"#, #"{"user_id":null}"#] {
                let answer = try await client.call("DELETE", "/api/users/", json: body, token: bob.token)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text == "Validation error.", "\(body)")
            }

            let own = try await client.call("DELETE", "/api/users/", json: #"{"user_id":2}"#, token: bob.token)
            #expect(own.status == 200)
            #expect(own.text == "User deleted.")
            #expect(try await client.status(of: bob.token) == 401)
            #expect(try await client.status(of: second.token) == 401)
            #expect(try await client.logIn("bob").status == 401)
            #expect(try await client.call("GET", "/api/users/?username=bob", token: ann.token).status == 404)
            #expect(try await ann.send("hi", to: bob.id).status == 400)

            let again = try await TestUser.make(on: client, name: "bob")
            #expect(again.id == 3)
            #expect(again.device > second.device)
            #expect(try await again.fetch().messages.isEmpty)
        }
    }

    @Test("With --open-delete an account goes without a token")
    func openDelete() async throws {
        try await TestServer.run({ $0.settings.openDelete = true }) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let accept = ["Accept": "application/json"]
            let gone = try await client.call("DELETE", "/api/users/", json: #"{"user_id":1}"#, headers: accept)
            #expect(gone.status == 200)
            #expect(gone.json["msg"] as? String == "User deleted.")
            #expect(try await client.status(of: ann.token) == 401)
            #expect(try await client.call("DELETE", "/api/users/", json: #"{"user_id":1}"#).status == 404)
        }
    }

    @Test("Where registration is closed nobody registers")
    func closed() async throws {
        try await TestServer.run({ $0.settings.registration = .closed }) { server async throws in
            let client = TestClient(server.url)
            #expect(try await client.register("ann", headers: TestClient.problem).type == "registration-closed")
            #expect(try await client.register("ann", invitation: "code").status == 403)
        }
    }

    @Test("An invitation is good for one registration until it expires; a refused registration leaves it")
    func invitations() async throws {
        let time = TestTime()
        try await TestServer.run({
            $0.settings.registration = .invite
            $0.use(time)
        }) { server in
            let client = TestClient(server.url)
            for code in ["one", "two"] {
                try await server.backend.addInvitation(TokenHash(of: code), expires: time.now + .hours(1))
            }
            #expect(try await client.register("ann").status == 403)
            #expect(try await client.register("ann", invitation: "wrong").status == 403)
            #expect(try await client.register("ann", invitation: "one").status == 201)
            #expect(try await client.register("bob", invitation: "one").status == 403)
            #expect(try await client.register("ann", invitation: "two").status == 409)
            #expect(try await client.register("bob", invitation: "two").status == 201)

            try await server.backend.addInvitation(TokenHash(of: "three"), expires: time.now + .hours(1))
            time.advance(by: .hours(1))
            #expect(try await client.register("cleo", invitation: "three").status == 403)
        }
    }
}

import TestSupport
import Testing

/// What the log must never hold, at its most talkative.
@Suite(.timeLimit(.minutes(5)))
struct LogPrivacyTests {
    @Test(arguments: ["text", "json"])
    func `No password, token, key, phone number or message text is logged`(format: String) async throws {
        try await ServerProcess.run(["--log-level", "trace", "--log-format", format]) { server in
            let secrets = try await CallbackSink.run { _, count in
                count == 0 ? .internalServerError : .ok
            } _: { sink in
                try await talk(to: server, sink)
            }
            #expect(try await server.terminate().code == 0)
            let log = server.log
            #expect(log.contains("POST /api/messages"))
            for secret in secrets { #expect(!log.contains(secret), "\(secret)") }
        }
    }

    /// Uses everything that takes a secret, rightly and wrongly; the secrets.
    private func talk(to server: ServerProcess, _ sink: CallbackSink) async throws -> [String] {
        let client = TestClient(server.url)
        let ann = try await TestUser.make(on: client)
        let bob = try await TestUser.make(on: client, address: sink.address + "/secret-path")
        var secrets = [TestUser.password, ann.token, bob.token, ann.callbackSecret, bob.callbackSecret, "secret-"]
        secrets += secrets.map { $0.replacing(" ", with: "%20") }

        // Accounts.
        let phone = "+1 555 secret-phone"
        for password in ["secret-password", "short"] {
            _ = try await client.post("/api/users/", ["username": "eve", "phone_number": phone, "password": password])
        }
        _ = try await client.post("/api/users/", ["username": 5, "phone_number": phone, "password": "secret-password"])
        for password in ["secret-wrong", "secret-password"] {
            let fields = ["username": "eve", "password": password, "user_address": "some_ip", "public_key": "secret-key"]
            _ = try await client.post("/api/login/", fields)
        }
        _ = try await client.post("/api/password/", ["old": "secret-wrong", "new": "secret-new"], token: ann.token)
        _ = try await client.call("POST", "/api/login/", json: #"{"password": "secret-broken"#)

        // Tokens, where they belong and where they do not.
        _ = try await client.call("GET", "/api/messages/", token: "secret-token")
        _ = try await client.call("GET", "/api/messages/?token=secret-token&after=secret-number", token: ann.token)
        _ = try await client.call("GET", "/api/secret-path/", token: ann.token)
        _ = try await client.call("secret-method", "/api/messages/", token: ann.token, headers: ["Cookie": "secret-cookie"])

        // Messages, by every way out.
        for key in [nil, "secret-idempotency", "secret-idempotency"] {
            _ = try await ann.send("secret-message", to: bob.id, key: key)
        }
        _ = try await ann.send("secret-other", to: bob.id, key: "secret-idempotency")
        _ = try await ann.send("secret-lost", to: 999_999)
        _ = try await ann.send("secret-date", to: bob.id, date: "secret-date")
        _ = try await ann.send("secret-self", to: ann.id)
        try await eventually("pushed again after a failure") { sink.pushes.count >= 3 }
        _ = try await ann.fetch()
        try await client.stream(token: ann.token) { events in
            let message = try await events.next()
            #expect(message?.message?.message == "secret-self")
        }
        _ = try await ann.acknowledge(1)
        _ = try await client.post("/api/logout/", ["username": ann.name], token: ann.token)
        return secrets
    }
}

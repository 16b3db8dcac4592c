import MessengerCore
import MessengerHTTP
import NIOSSL
import TestSupport
import Testing

/// The contract's limits that no other suite reaches: their values as they are without any setting, and both their sides.
@Suite("Limits", .timeLimit(.minutes(1)))
struct LimitTests {
    @Test("Limits that tests lower are the contract's by default")
    func defaults() {
        let inbox = InboxLimits()
        #expect(inbox.messages == 100_000 && inbox.bytes == 256 << 20)
        #expect(inbox.devices == 20 && inbox.liveKeysPerUser == 100_000 && inbox.keyLifetime == .hours(24))
        #expect(inbox.callbackPatience == .days(7))
        let settings = ServerSettings()
        #expect(settings.maximumConnections == 18_000 && settings.minimumFreeDisk == 256 << 20)
        #expect(settings.rateLimit.perSecond == 100 && settings.rateLimit.burst == 1_000)
        let times = ConnectionTimes()
        #expect(times.head == .seconds(10) && times.body == .seconds(10) && times.stall == .seconds(60))
        #expect(Session.lifetime == .days(30) && Session.refreshInterval == .hours(1))
        #expect(CallbackRequest.timeout == .seconds(5))
    }

    @Test("Texts of an account have a longest form, counted in bytes")
    func texts() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            func login(address: Int = 0, key: Int = 0, character: Character = "x") async throws -> Int {
                try await client.post(
                    "/api/login/",
                    [
                        "username": "ann", "password": TestUser.password,
                        "user_address": String(repeating: character, count: address),
                        "public_key": String(repeating: character, count: key),
                    ]
                ).status
            }
            for (bytes, status) in [(2_048, 200), (2_049, 400)] { #expect(try await login(address: bytes) == status) }
            for (bytes, status) in [(16_384, 200), (16_385, 400)] { #expect(try await login(key: bytes) == status) }
            #expect(try await login(key: 8_192, character: "é") == 200)
            #expect(try await login(key: 8_193, character: "é") == 400)
            for (bytes, status) in [(8, 201), (1_024, 201), (1_025, 400), (7, 400)] {
                let answer = try await client.register("bob \(bytes)", password: String(repeating: "p", count: bytes))
                #expect(answer.status == status, "\(bytes)")
            }
            #expect(try await client.logIn("bob 1024", password: String(repeating: "p", count: 1_024)).status == 200)
            #expect(try await client.logIn("bob 1024", password: String(repeating: "p", count: 1_025)).status == 401)
            for (digits, status) in [(32, 201), (33, 400)] {
                let phone = String(repeating: "1", count: digits)
                #expect(try await client.register("cleo \(digits)", phone: phone).status == status)
            }
        }
    }

    @Test("TLS is 1.2 or 1.3", arguments: [(TLSVersion.tlsv1, false), (.tlsv11, false), (.tlsv12, true), (.tlsv13, true)])
    func tls(_ version: TLSVersion, isTaken: Bool) async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            var configuration = TLSConfiguration.test()
            configuration.minimumTLSVersion = version
            configuration.maximumTLSVersion = version
            configuration.shutdownTimeout = .milliseconds(100)
            let connection = try await RawConnection(port: server.port, tls: configuration)
            try? await connection.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("an answer or none") { connection.isClosed || connection.text.hasSuffix("OK") }
            #expect(connection.text.hasSuffix("OK") == isTaken)
        }
    }

    @Test("A user has 20 streams: one for each device, and a device that goes takes its own along")
    func streams() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            var devices = [try await TestUser.make(on: client)]
            for _ in 2...20 { devices.append(try await TestUser.logIn(devices[0].name, on: client)) }
            let gates = devices.map { _ in Gate() }
            try await withThrowingTaskGroup(of: [String].self) { group in
                for (device, gate) in zip(devices, gates) {
                    group.addTask { try await device.streamToEnd(caughtUp: gate) }
                }
                for gate in gates { await gate.wait() }
                // All of them are live, and the next login lets one go.
                _ = try await TestUser.logIn(devices[0].name, on: client)
                let first = try await group.next()
                #expect(first == ["caught-up", "logged-out"])
                var live = 0
                for device in devices where try await client.status(of: device.token) == 200 { live += 1 }
                #expect(live == 19)
                for device in devices { _ = try await device.logOut() }
            }
        }
    }
}

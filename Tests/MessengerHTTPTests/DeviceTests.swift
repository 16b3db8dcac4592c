import MessengerCore
import TestSupport
import Testing

@Suite("Devices", .timeLimit(.minutes(1)))
struct DeviceTests {
    /// Can be pushed to, as far as the login can tell; nobody listens there.
    private static let address = "http://127.0.0.1:65000/inbox"

    @Test("What waited while the user was away reaches the first device that comes")
    func firstDevice() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            #expect(try await client.register("bob").status == 201)
            for text in ["1", "2"] { #expect(try await ann.send(text, to: ann.id + 1).status == 200) }
            let bob = try await client.logIn("bob")
            #expect(bob.number("cursor") == 0)
            let token = try #require(bob.json["token"] as? String)
            let page = try await client.call("GET", "/api/messages/", token: token)
            #expect((page.json["messages"] as? [Any])?.count == 2)
        }
    }

    @Test("A further device begins after the highest acknowledgement of any device ever")
    func laterDevices() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let first = try await TestUser.make(on: client)
            for text in ["1", "2", "3", "4"] { #expect(try await first.send(text, to: first.id).status == 200) }
            let second = try await TestUser.logIn(first.name, on: client)
            #expect(second.device != first.device)
            #expect(try await second.fetch().messages.map(\.number) == [1, 2, 3, 4])
            #expect(try await second.acknowledge(3).status == 200)
            #expect(try await first.acknowledge(1).status == 200)
            #expect(try await first.logOut().status == 200)
            #expect(try await second.logOut().status == 200)

            let answer = try await client.logIn(first.name)
            #expect(answer.number("cursor") == 3)
            // A device that has been there keeps its own cursor, also through a logout.
            let again = try await client.logIn(first.name, device: first.device)
            #expect(again.number("cursor") == 1)
            #expect(again.number("device_id") == first.device)
        }
    }

    @Test("A login with a device_id goes on with that device and ends its old token")
    func goOn() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let other = try await TestUser.logIn(ann.name, on: client)
            for text in ["1", "2"] { #expect(try await ann.send(text, to: ann.id).status == 200) }
            #expect(try await ann.acknowledge(1).status == 200)
            let again = try await TestUser.logIn(ann.name, on: client, device: ann.device)
            #expect(again.device == ann.device)
            #expect(again.callbackSecret != ann.callbackSecret)
            #expect(try await again.fetch().messages.map(\.number) == [2])
            #expect(try await client.status(of: ann.token) == 401)
            #expect(try await client.status(of: other.token) == 200)
        }
    }

    @Test("Another user's device, or none at all, is a validation error and makes no device")
    func foreignDevice() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bob = try await TestUser.make(on: client)
            for device in [bob.device, 0, -1, 99, Int64.max] {
                let answer = try await client.logIn(ann.name, device: device)
                #expect(answer.status == 400, "\(device)")
                #expect(answer.text == "Validation error.", "\(device)")
            }
            #expect(try await client.status(of: bob.token) == 200)
            #expect(try await server.backend.statistics().devices == 2)
        }
    }

    @Test("A login with the same pushable address goes on with its device; with any other address it is a new one")
    func sameAddress() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, address: Self.address)
            let bob = try await TestUser.make(on: client, address: Self.address)
            #expect(ann.callback == "active")
            let again = try await TestUser.logIn(ann.name, on: client, address: Self.address)
            #expect(again.device == ann.device)
            #expect(try await client.status(of: ann.token) == 401)
            #expect(try await client.status(of: bob.token) == 200)
            for address in ["http://127.0.0.1:65000/other", "some_ip", ""] {
                var devices: Set<Int64> = [ann.device]
                for _ in 1...2 { devices.insert(try await TestUser.logIn(ann.name, on: client, address: address).device) }
                #expect(devices.count == (address.hasPrefix("http") ? 2 : 3), "\(address)")
            }
        }
    }

    @Test("The 21st device takes the place of the one longest unseen; a live stream is seen now")
    func eviction() async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            let client = TestClient(server.url)
            var devices = [try await TestUser.make(on: client)]
            for _ in 2...20 {
                time.advance(by: .seconds(1))
                devices.append(try await TestUser.logIn(devices[0].name, on: client))
            }
            time.advance(by: .seconds(1))
            #expect(try await devices[0].send("1", to: devices[0].id).status == 200)
            #expect(try await devices[0].acknowledge(1).status == 200)

            let newest = try await client.stream(token: devices[1].token) { [devices] events in
                _ = try await events.take(2)
                time.advance(by: .seconds(1))
                let newest = try await TestUser.logIn(devices[0].name, on: client)
                #expect(try await newest.send("2", to: newest.id).status == 200)
                let event = try await events.next()
                #expect(event?.id == "2")
                return newest
            }
            devices.append(newest)
            var statuses: [Int] = []
            for device in devices { statuses.append(try await client.status(of: device.token)) }
            #expect(statuses == [200, 200, 401] + Array(repeating: 200, count: 18))
            #expect(try await client.logIn(newest.name, device: devices[2].device).status == 400)
        }
    }

    @Test("Where all devices have streams, the one longest unseen is told that it is logged out")
    func evictionOfStreams() async throws {
        try await TestServer.run({ $0.limits.devices = 1 }) { server in
            let client = TestClient(server.url)
            let old = try await TestUser.make(on: client)
            let caughtUp = Gate()
            async let ended = old.streamToEnd(caughtUp: caughtUp)
            await caughtUp.wait()
            let new = try await TestUser.logIn(old.name, on: client)
            let names = try await ended
            #expect(names == ["caught-up", "logged-out"])
            #expect(try await client.status(of: new.token) == 200)
        }
    }

    @Test("A gone device is not waited for: what all others have acknowledged makes room")
    func evictedDeviceHoldsNothing() async throws {
        try await TestServer.run({
            $0.limits.messages = 1
            $0.limits.devices = 1
        }) { server in
            let client = TestClient(server.url)
            let old = try await TestUser.make(on: client)
            let new = try await TestUser.logIn(old.name, on: client)
            #expect(try await new.send("1", to: new.id).status == 200)
            #expect(try await new.send("2", to: new.id).status == 429)
            #expect(try await new.acknowledge(1).status == 200)
            #expect(try await new.send("2", to: new.id).status == 200)
            #expect(try await client.status(of: old.token) == 401)
        }
    }
}

import Crypto
import Foundation
import MessengerCore
import TestSupport
import Testing

@Suite("Callbacks", .timeLimit(.minutes(1)))
struct CallbackTests {
    private static func object(_ json: String) throws -> NSDictionary? {
        try JSONSerialization.jsonObject(with: Data(json.utf8)) as? NSDictionary
    }

    /// Whether one of a push's signatures is that of the secret (https://www.standardwebhooks.com).
    static func isSigned(_ push: CallbackSink.Push, with secret: String) throws -> Bool {
        let key = try #require(Data(base64Encoded: String(secret.dropFirst("whsec_".count))))
        let id = try #require(push.headers["webhook-id"])
        let timestamp = try #require(push.headers["webhook-timestamp"])
        let signatures = try #require(push.headers["webhook-signature"]).split(separator: " ")
        return signatures.contains { signature in
            guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else { return false }
            return HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Data("\(id).\(timestamp).\(push.body)".utf8), using: SymmetricKey(data: key))
        }
    }

    @Test("A push is a signed POST of what the stream carries, to the address and its path")
    func push() async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            try await CallbackSink.run { sink in
                let client = TestClient(server.url)
                let ann = try await TestUser.make(on: client)
                let bob = try await TestUser.make(on: client, address: sink.address + "?a=b")
                let other = try await TestUser.logIn(bob.name, on: client)
                #expect(bob.callback == "active")
                #expect(try await ann.send("hi \u{0} é \"/", to: bob.id).status == 200)
                try await eventually("pushed") { sink.pushes.count == 1 }
                let push = sink.pushes[0]
                #expect(push.path == "/inbox")
                #expect(push.headers["content-type"] == "application/json")
                #expect(push.headers["webhook-id"] == "\(bob.id).1")
                #expect(push.headers["webhook-timestamp"] == "\(time.now.seconds)")
                #expect(try Self.isSigned(push, with: bob.callbackSecret))
                #expect(try !Self.isSigned(push, with: other.callbackSecret))
                try await client.stream(token: other.token) { events in
                    let event = try #require(try await events.next())
                    #expect(try Self.object(event.data) == Self.object(push.body))
                }
                // The 2xx was this device's acknowledgement.
                try await eventually("acknowledged") { try await bob.fetch().next == 1 }
            }
        }
    }

    @Test("Messages are pushed in order and one at a time, however slow the address is")
    func order() async throws {
        let underWay = Counter()
        try await TestServer.run { server in
            try await CallbackSink.run(answer: { _, _ in
                underWay.add(1)
                // Long enough for another push to come, if one could.
                try? await Task.sleep(for: .milliseconds(2))
                underWay.add(-1)
                return .noContent
            }) { sink in
                let client = TestClient(server.url)
                let ann = try await TestUser.make(on: client)
                let bob = try await TestUser.make(on: client, address: sink.address)
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 1...150 { group.addTask { try await ann.send("x", to: bob.id).status } }
                    for try await status in group { #expect(status == 200) }
                }
                try await eventually("all pushed") { sink.numbers.count >= 150 }
                #expect(sink.numbers == Array(1...150))
                #expect(underWay.highest == 1)
                #expect(Set(sink.pushes.map(\.connection)).count == 1, "the connection is kept")
            }
        }
    }

    @Test(
        "While a stream is live nothing is pushed; when the client leaves, it is",
        arguments: [false, true], ["leaves the stream", "closes the connection"])
    func pausesForStream(http2: Bool, leaving: String) async throws {
        try await TestServer.run({
            $0.substitutes.polls = false
            $0.tls = http2
        }) { server in
            try await CallbackSink.run { sink in
                try await CallbackSink.run { control in
                    let client = TestClient(server.url, http1Only: !http2)
                    let ann = try await TestUser.make(on: client, address: control.address)
                    let bob = try await TestUser.make(on: client, address: sink.address)
                    let streamer = TestClient(server.url, http1Only: !http2)
                    let (live, leave) = (Gate(), Gate())
                    let streaming = Task {
                        try await streamer.stream(token: bob.token) { events in
                            _ = try await events.next()
                            live.open()
                            let message = try await events.next()
                            #expect(message?.id == "1")
                            await leave.wait()
                            if leaving == "closes the connection" { _ = try await events.next() }
                        }
                    }
                    await live.wait()
                    // Over HTTP/2 on the same connection; its end is not the stream's.
                    #expect(try await streamer.call("GET", "/health").status == 200)
                    #expect(try await ann.sendList([(bob.id, "1"), (ann.id, "1")]).status == 200)
                    try await eventually("the control is pushed") { control.numbers == [1] }
                    #expect(sink.numbers.isEmpty)
                    leave.open()
                    if leaving == "closes the connection" { await streamer.close() }
                    try await eventually("pushed after the stream") { sink.numbers == [1] }
                    _ = await streaming.result
                }
            }
        }
    }

    @Test("For 5 minutes after a new login the old secret signs as well")
    func oldSecret() async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            try await CallbackSink.run { sink in
                let client = TestClient(server.url)
                let old = try await TestUser.make(on: client, address: sink.address)
                let new = try await TestUser.logIn(old.name, on: client, address: sink.address)
                for (minutes, oldSigns) in [(0, true), (4, true), (1, false)] {
                    time.advance(by: .minutes(minutes))
                    let count = sink.pushes.count
                    #expect(try await new.send("x", to: new.id).status == 200)
                    try await eventually("pushed") { sink.pushes.count == count + 1 }
                    #expect(try Self.isSigned(sink.pushes[count], with: new.callbackSecret))
                    #expect(try Self.isSigned(sink.pushes[count], with: old.callbackSecret) == oldSigns, "after \(minutes)")
                }
            }
        }
    }

    @Test("A login during a push: the old answer acknowledges nothing, the new address gets the message")
    func takenOver() async throws {
        let gate = Gate()
        defer { gate.open() }
        try await TestServer.run { server in
            try await CallbackSink.run(answer: { _, _ in
                await gate.wait()
                return .ok
            }) { old in
                try await CallbackSink.run { new in
                    let client = TestClient(server.url)
                    let bob = try await TestUser.make(on: client, address: old.address)
                    #expect(try await bob.send("1", to: bob.id).status == 200)
                    try await eventually("under way") { old.numbers == [1] }
                    let again = try await TestUser.logIn(bob.name, on: client, address: new.address, device: bob.device)
                    #expect(again.device == bob.device)
                    gate.open()
                    try await eventually("pushed to the new address") { new.numbers == [1] }
                    #expect(try Self.isSigned(new.pushes[0], with: again.callbackSecret))
                    #expect(old.numbers == [1])
                }
            }
        }
    }

    @Test("A logout stops pushes; the next login goes on where the device was")
    func logOut() async throws {
        try await TestServer.run { server in
            try await CallbackSink.run { sink in
                try await CallbackSink.run { control in
                    let client = TestClient(server.url)
                    let ann = try await TestUser.make(on: client, address: control.address)
                    let bob = try await TestUser.make(on: client, address: sink.address)
                    #expect(try await bob.logOut().status == 200)
                    #expect(try await ann.sendList([(bob.id, "1"), (ann.id, "1")]).status == 200)
                    try await eventually("the control is pushed") { control.numbers == [1] }
                    #expect(sink.numbers.isEmpty)
                    let again = try await TestUser.logIn(bob.name, on: client, address: sink.address)
                    #expect(again.device == bob.device)
                    try await eventually("pushed") { sink.numbers == [1] }
                }
            }
        }
    }

    @Test("What the client does during a push counts for the next one", arguments: ["logout", "acknowledgement"])
    func duringPush(_ event: String) async throws {
        let gate = Gate()
        defer { gate.open() }
        try await TestServer.run { server in
            try await CallbackSink.run(answer: { _, count in
                if count == 0 { await gate.wait() }
                return .ok
            }) { sink in
                try await CallbackSink.run { control in
                    defer { gate.open() }
                    let client = TestClient(server.url)
                    let ann = try await TestUser.make(on: client, address: control.address)
                    let bob = try await TestUser.make(on: client, address: sink.address)
                    for text in ["1", "2", "3"] { #expect(try await ann.send(text, to: bob.id).status == 200) }
                    try await eventually("under way") { sink.numbers == [1] }
                    if event == "logout" {
                        #expect(try await bob.logOut().status == 200)
                    } else {
                        #expect(try await bob.acknowledge(2).status == 200)
                    }
                    gate.open()
                    if event == "acknowledgement" { try await eventually("the third") { sink.numbers.last == 3 } }
                    #expect(try await ann.send("x", to: ann.id).status == 200)
                    try await eventually("the control is pushed") { control.numbers == [1] }
                    #expect(sink.numbers == (event == "logout" ? [1] : [1, 3]))
                }
            }
        }
    }
}

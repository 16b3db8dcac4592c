import MessengerCore
import TestSupport
import Testing

@Suite("A clock that is set wrong, and put right again", .timeLimit(.minutes(1)))
struct ClockJumpTests {
    private static let year = Duration.days(365)

    @Test("A year forward and back, or back and forward, ends nothing and loses nothing", arguments: [1, -1])
    func jump(direction: Int) async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            try await CallbackSink.run { sink in
                let client = TestClient(server.url)
                let ann = try await TestUser.make(on: client)
                let bob = try await TestUser.make(on: client, address: sink.address)
                let reader = try await TestUser.logIn(ann.name, on: client)
                var logins = [ann, bob, reader]
                #expect(try await ann.send("before", to: ann.id).status == 200)
                try await client.stream(token: reader.token) { events in
                    _ = try await events.take(2)
                    for (index, jump) in [Self.year * direction, Self.year * -direction].enumerated() {
                        time.jump(by: jump)
                        // Housekeeping looks at least twice.
                        for _ in 1...3 {
                            try await time.passOnceAllSleep(.seconds(1))
                        }
                        #expect(try await ann.sendList([(ann.id, "\(index)"), (bob.id, "\(index)")]).status == 200)
                        let event = try await events.next()
                        #expect(event?.message?.message == "\(index)")
                        try await eventually("pushed") { sink.pushes.count == index + 1 }
                        logins.append(try await TestUser.logIn("\(ann.name)", on: client))
                        for login in logins { #expect(try await client.status(of: login.token) == 200) }
                    }
                }
                #expect(try await ann.inbox().map(\.message) == ["before", "0", "1"])
            }
        }
    }

    @Test("What came while the clock was wrong is no older when it is right again", arguments: [1, -1])
    func meanwhile(direction: Int) async throws {
        let time = TestTime()
        try await TestServer.run({ $0.use(time) }) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            time.jump(by: Self.year * direction)
            #expect(try await ann.send("x", to: ann.id, key: "k").status == 200)
            time.jump(by: Self.year * -direction)
            for _ in 1...3 {
                try await time.passOnceAllSleep(.seconds(1))
            }
            #expect(try await ann.send("x", to: ann.id, key: "k").status == 200)
            #expect(try await ann.inbox().map(\.message) == ["x"])
        }
    }

    @Test("A message that is refused is not taken for one that was refused for a day", arguments: [1, -1], [true, false])
    func refusedMessage(direction: Int, failsBefore: Bool) async throws {
        let time = TestTime()
        let refusals = Counter()
        try await TestServer.run({
            $0.use(time)
            $0.watchCallbackFailures { _ in refusals.add(1) }
        }) { server in
            try await CallbackSink.run(answer: { _, _ in .badRequest }) { sink in
                func refuse() async throws {
                    let count = refusals.value
                    try await eventually("refused twice") {
                        time.advance(by: .seconds(1))
                        return refusals.value >= count + 2
                    }
                }
                let bob = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                if !failsBefore { time.jump(by: Self.year * direction) }
                #expect(try await bob.send("x", to: bob.id).status == 200)
                try await refuse()
                for jump in failsBefore ? [direction, -direction] : [-direction] {
                    time.jump(by: Self.year * jump)
                    try await refuse()
                }
                #expect(try await bob.inbox().map(\.message) == ["x"])
            }
        }
    }

    @Test("A device that fails is not taken for one that failed for a week")
    func failingDevice() async throws {
        let time = TestTime()
        let failures = Counter()
        try await TestServer.run({
            $0.use(time)
            $0.watchCallbackFailures { _ in failures.add(1) }
        }) { server in
            try await CallbackSink.run(answer: { _, _ in .internalServerError }) { sink in
                let bob = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                #expect(try await bob.send("x", to: bob.id).status == 200)
                try await eventually("failed") { failures.value >= 1 }
                time.jump(by: Self.year)
                for _ in 1...5 {
                    try await time.passOnceAllSleep(.seconds(1))
                }
                time.jump(by: Self.year * -1)
                #expect(try await bob.inbox().map(\.message) == ["x"])
            }
        }
    }
}

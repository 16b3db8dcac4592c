import HTTPTypes
import MessengerCore
import Synchronization
import TestSupport
import Testing

@Suite("Callbacks that fail", .timeLimit(.minutes(1)))
struct CallbackFailureTests {
    @Test(
        "A push that fails is repeated under its own webhook-id until it comes, and holds back the next",
        arguments: [
            HTTPResponse.Status.internalServerError, .badRequest, .requestTimeout, .tooManyRequests, .movedPermanently,
        ])
    func retry(_ status: HTTPResponse.Status) async throws {
        let time = TestTime()
        let failures = Counter()
        try await TestServer.run({
            $0.use(time)
            $0.watchCallbackFailures { _ in failures.add(1) }
        }) { server in
            try await CallbackSink.run(answer: { _, count in count < 3 ? status : .ok }) { sink in
                let client = TestClient(server.url)
                let ann = try await TestUser.make(on: client)
                let bob = try await TestUser.make(on: client, address: sink.address)
                for text in ["1", "2"] { #expect(try await ann.send(text, to: bob.id).status == 200) }
                try await eventually("the first failure") { failures.value == 1 }
                #expect(sink.pushes.count == 1)
                try await eventually("all came") {
                    time.advance(by: .seconds(1))
                    return sink.numbers.count >= 5
                }
                #expect(sink.numbers == [1, 1, 1, 1, 2])
                #expect(sink.pushes.prefix(4).allSatisfy { $0.headers["webhook-id"] == "\(bob.id).1" })
                let times = sink.pushes.compactMap { Int($0.headers["webhook-timestamp"] ?? "") }
                #expect(times[1] > times[0], "the timestamp is the attempt's")
                #expect(try sink.pushes.allSatisfy { try CallbackTests.isSigned($0, with: bob.callbackSecret) })
            }
        }
    }

    @Test("A login or a fetch of the device tries at once", arguments: ["login", "fetch", "stream"])
    func signs(_ sign: String) async throws {
        let failures = Counter()
        try await TestServer.run({
            $0.use(TestTime())
            $0.substitutes.polls = false
            $0.watchCallbackFailures { _ in failures.add(1) }
        }) { server in
            try await CallbackSink.run(answer: { _, count in count == 0 ? .internalServerError : .ok }) { sink in
                let client = TestClient(server.url)
                let bob = try await TestUser.make(on: client, address: sink.address)
                #expect(try await bob.send("1", to: bob.id).status == 200)
                try await eventually("failed") { failures.value == 1 }
                switch sign {
                case "login": _ = try await TestUser.logIn(bob.name, on: client, address: sink.address)
                case "fetch": _ = try await bob.fetch()
                default: try await client.stream(token: bob.token) { events in _ = try await events.next() }
                }
                try await eventually("tried again although no time has passed") { sink.numbers == [1, 1] }
            }
        }
    }

    @Test("410 removes the address until the next login")
    func gone() async throws {
        try await TestServer.run { server in
            try await CallbackSink.run(answer: { _, count in count == 0 ? .gone : .ok }) { sink in
                try await CallbackSink.run { control in
                    let client = TestClient(server.url)
                    let ann = try await TestUser.make(on: client, address: control.address)
                    let bob = try await TestUser.make(on: client, address: sink.address)
                    #expect(try await ann.send("1", to: bob.id).status == 200)
                    try await eventually("pushed") { sink.numbers == [1] }
                    #expect(try await ann.sendList([(bob.id, "2"), (ann.id, "1")]).status == 200)
                    _ = try await bob.fetch()
                    try await eventually("the control is pushed") { control.numbers == [1] }
                    #expect(sink.numbers == [1])

                    let again = try await TestUser.logIn(bob.name, on: client, address: sink.address)
                    #expect(again.callback == "active")
                    try await eventually("pushed again") { sink.numbers == [1, 1, 2] }
                }
            }
        }
    }

    @Test("A message refused for 24 hours is passed over, and the next stream announces it")
    func passedOver() async throws {
        let time = TestTime()
        let failures = Counter()
        try await TestServer.run({
            $0.use(time)
            $0.watchCallbackFailures { failure in
                if failure.refused != nil { failures.add(1) }
            }
        }) { server in
            try await CallbackSink.run(answer: { push, _ in push.message?.message == "bad" ? .badRequest : .ok }) { sink in
                let client = TestClient(server.url)
                let bob = try await TestUser.make(on: client, address: sink.address)
                for text in ["good", "bad", "better"] { #expect(try await bob.send(text, to: bob.id).status == 200) }
                try await eventually("refused") { failures.value == 1 }
                time.advance(by: .hours(23))
                try await eventually("refused again") {
                    time.advance(by: .seconds(1))
                    return failures.value >= 2
                }
                #expect(!sink.numbers.contains(3))
                time.advance(by: .hours(1))
                try await eventually("passed over") {
                    time.advance(by: .seconds(30))
                    return sink.numbers.last == 3
                }
                try await eventually("acknowledged") { try await bob.fetch().next == 3 }
                for expected in [["gap", "caught-up"], ["caught-up"]] {
                    try await client.stream(token: bob.token) { events in
                        let first = try await events.take(expected.count)
                        #expect(first.map(\.name) == expected)
                        if expected.count == 2 {
                            #expect(first[0].data == #"{"from":2,"to":2}"#)
                        }
                    }
                }
            }
        }
    }

    @Test("A device whose callbacks failed for 7 days goes; one that gave another sign stays")
    func abandoned() async throws {
        let time = TestTime()
        let failed = Mutex<Set<Int64>>([])
        try await TestServer.run({
            $0.use(time)
            $0.watchCallbackFailures { failure in failed.withLock { _ = $0.insert(failure.device.rawValue) } }
        }) { server in
            try await CallbackSink.run(answer: { _, _ in .internalServerError }) { sink in
                let client = TestClient(server.url)
                let gone = try await TestUser.make(on: client, address: sink.address)
                let seen = try await TestUser.make(on: client, address: sink.address)
                #expect(try await gone.sendList([(gone.id, "x"), (seen.id, "x")]).status == 200)
                try await eventually("failed") { failed.withLock { $0.count } == 2 }
                time.advance(by: .days(6))
                #expect(try await client.status(of: seen.token) == 200)
                #expect(try await server.backend.statistics().devices == 2)
                time.advance(by: .days(1))
                try await eventually("gone") {
                    time.advance(by: .seconds(1))
                    return try await server.backend.statistics().devices == 1
                }
                #expect(try await client.status(of: gone.token) == 401)
                #expect(try await client.status(of: seen.token) == 200)
            }
        }
    }

    @Test("Days without a server are no days of failure: a device whose callbacks come again stays", arguments: [true, false])
    func daysOff(comesAgain: Bool) async throws {
        let time = TestTime()
        let failures = Counter()
        let isBack = Gate()
        try await CallbackSink.run(answer: { _, _ in comesAgain && isBack.isOpen ? .ok : .internalServerError }) { sink in
            let (folder, token) = try await TestServer.run({
                $0.use(time)
                $0.watchCallbackFailures { _ in failures.add(1) }
            }) { server in
                let bob = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                #expect(try await bob.send("x", to: bob.id).status == 200)
                try await eventually("failed") { failures.value == 1 }
                return (server.folder, bob.token)
            }
            time.advance(by: .days(8))
            let before = failures.value
            try await TestServer.run({
                $0.use(time)
                $0.folder = folder
                $0.watchCallbackFailures { _ in failures.add(1) }
            }) { server in
                try await eventually("it failed again") {
                    time.advance(by: .seconds(1))
                    return failures.value >= before + 4
                }
                #expect(try await server.backend.statistics().devices == 1)
                isBack.open()
                if !comesAgain { time.advance(by: .hours(1)) }
                try await eventually("it came again, or an hour was not enough") {
                    time.advance(by: .seconds(30))
                    return try await comesAgain
                        ? server.backend.callbacksDue(of: nil).isEmpty : server.backend.statistics().devices == 0
                }
                let status = try await TestClient(server.url).status(of: token)
                #expect(status == (comesAgain ? 200 : 401))
            }
        }
    }
}

import MessengerAPI
import MessengerCore
import TestSupport
import Testing

private typealias T = BackendUnderTest

@Suite("Every backend keeps what pushing needs", .timeLimit(.minutes(1)))
struct CallbackContractTests {
    @Test("A device is due while messages wait beyond its cursor", arguments: BackendKind.allCases)
    func due(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let device = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true)).device
            _ = try await backend.store.logIn(T.login(ann, address: "some_ip"))
            #expect(try await backend.store.callbacksDue(of: nil).isEmpty)
            _ = try await backend.send(T.submission(from: bob, to: [ann]))
            func due(of users: [UserID]?) async throws -> [String] {
                try await backend.store.callbacksDue(of: users).map { "\($0.device) \($0.address)" }
            }
            let expected = ["\(device) a:1"]
            #expect(try await due(of: nil) == expected)
            #expect(try await due(of: [ann, UserID(9)]) == expected)
            #expect(try await backend.store.callbacksDue(of: [bob]).isEmpty)
            #expect(try await backend.store.callbacksDue(of: [ann], besides: [device]).isEmpty)
            _ = try await backend.acknowledge(device, 1, byCallback: true)
            #expect(try await backend.store.callbacksDue(of: nil).isEmpty)
        }
    }

    @Test("The old secret signs for five minutes after a new login", arguments: BackendKind.allCases)
    func secrets(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true, token: "1")).device
            _ = try await backend.store.logIn(T.login(ann, address: "b:2", pushable: true, device: device, token: "2"))
            _ = try await backend.send(T.submission(from: ann, to: [ann]))
            let target = try #require(try await backend.target(of: device))
            #expect(target.address == CallbackAddress("b:2"))
            #expect(target.origin == T.home)
            #expect(target.generation == 2)
            #expect(target.secrets(at: T.start) == [Array("2".utf8), Array("1".utf8)])
            #expect(target.secrets(at: T.start + .minutes(5)) == [Array("2".utf8)])
        }
    }

    @Test("A refusal is kept per message, from its first time, until a 2xx", arguments: BackendKind.allCases)
    func refusals(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true)).device
            for _ in 0..<2 { _ = try await backend.send(T.submission(from: ann, to: [ann])) }
            func fail(_ hour: Int, refused: Int64?, generation: Int64 = 1) async throws -> CallbackTarget.Refusal? {
                try await backend.store.callbackFailed(
                    CallbackFailure(
                        device: device, generation: generation, at: T.start + .hours(hour),
                        refused: refused.map { MessageNumber($0) }))
                return try await backend.target(of: device)?.refusal
            }
            let first = CallbackTarget.Refusal(number: MessageNumber(1), since: T.start + .hours(1))
            #expect(try await fail(1, refused: 1) == first)
            #expect(try await fail(2, refused: 1) == first)
            #expect(try await fail(3, refused: 2, generation: 7) == first)
            #expect(try await fail(3, refused: nil) == nil)
            #expect(try await fail(4, refused: 1)?.since == T.start + .hours(4))
            _ = try await backend.acknowledge(device, 1, byCallback: true)
            #expect(try await backend.target(of: device)?.refusal == nil)
        }
    }

    @Test("A message passed over is noted until it is announced", arguments: BackendKind.allCases)
    func passedOver(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true)).device
            for _ in 0..<3 { _ = try await backend.send(T.submission(from: ann, to: [ann])) }
            try await backend.store.passOver(MessageNumber(1), device: device, generation: 1)
            try await backend.store.passOver(MessageNumber(2), device: device, generation: 1)
            try await backend.store.passOver(MessageNumber(2), device: device, generation: 1)
            try await backend.store.passOver(MessageNumber(3), device: device, generation: 9)
            #expect(try await backend.numbers(device) == [3])
            #expect(try await backend.store.passedOver(by: device) == [MessageNumber(1), MessageNumber(2)])
            try await backend.store.forgetPassedOver([MessageNumber(1)], by: device)
            #expect(try await backend.store.passedOver(by: device) == [MessageNumber(2)])
            // To pass over is not to receive: what waits for the user's next device is still there.
            #expect(try await backend.store.logIn(T.login(ann)).cursor == .zero)
        }
    }

    @Test("A removed address is pushed to no more, until the next login", arguments: BackendKind.allCases)
    func removal(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true)).device
            _ = try await backend.send(T.submission(from: ann, to: [ann]))
            try await backend.store.removeAddress(of: device, generation: 2)
            #expect(try await backend.store.callbacksDue(of: nil).count == 1)
            try await backend.store.removeAddress(of: device, generation: 1)
            #expect(try await backend.store.callbacksDue(of: nil).isEmpty)
            _ = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true, device: device))
            #expect(try await backend.store.callbacksDue(of: nil).count == 1)
        }
    }

    @Test("A device that fails for a week goes, unless it gave another sign", arguments: BackendKind.allCases)
    func abandoned(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let silent = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true, token: "silent")).device
            let seen = try await backend.store.logIn(T.login(ann, address: "b:1", pushable: true, token: "seen")).device
            for device in [silent, seen] {
                try await backend.store.callbackFailed(
                    CallbackFailure(device: device, generation: 1, at: T.start + .hours(1), refused: nil))
            }
            try await backend.store.refresh([TokenHash(of: "seen")], now: T.start + .days(2))
            func sweep(_ now: Timestamp) async throws -> [DeviceID] {
                try await backend.store.sweep(Sweep(now: now, expireBefore: T.start, limit: 100)).abandonedDevices
            }
            #expect(try await sweep(T.start + .days(7)) == [])
            #expect(try await sweep(T.start + .days(7) + .hours(1)) == [silent])
            #expect(try await backend.texts(seen) == [])
            // From its last sign on, it has a week again.
            #expect(try await sweep(T.start + .days(9)) == [seen])
        }
    }
}

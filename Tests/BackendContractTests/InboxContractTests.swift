import MessengerAPI
import MessengerCore
import TestSupport
import Testing

private typealias T = BackendUnderTest

@Suite("Every backend keeps inboxes", .timeLimit(.minutes(1)))
struct InboxContractTests {
    @Test("Messages come out in the order they went in, byte for byte", arguments: BackendKind.allCases)
    func order(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let device = try await backend.store.logIn(T.login(bob)).device
            let texts = ["first", "\u{0}zero\u{0}", "e\u{301} é", "", "😀", String(repeating: "x", count: 70_000)]
            for text in texts {
                #expect(try await backend.send(T.submission(from: ann, to: [bob], text)) == .accepted(receivers: 1))
            }
            let page = try #require(try await backend.store.pending(for: device, after: .zero, limit: 100, bytes: 1 << 20))
            #expect(page.messages.map { Array($0.body.utf8) } == texts.map { Array($0.utf8) })
            #expect(page.messages.map(\.number.rawValue) == [1, 2, 3, 4, 5, 6])
            #expect(page.head == MessageNumber(6))
        }
    }

    @Test("A page ends at its limits but holds at least one message", arguments: BackendKind.allCases)
    func pages(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann)).device
            for _ in 0..<5 { _ = try await backend.send(T.submission(from: ann, to: [ann], "0123456789")) }
            func page(_ limit: Int, _ bytes: Int) async throws -> Int? {
                try await backend.store.pending(for: device, after: .zero, limit: limit, bytes: bytes)?.messages.count
            }
            #expect(try await page(3, 1_000) == 3)
            #expect(try await page(100, 20) == 2)
            #expect(try await page(100, 29) == 2)
            #expect(try await page(100, 1) == 1)
            #expect(try await backend.store.pending(for: DeviceID(99), after: .zero, limit: 1, bytes: 1) == nil)
        }
    }

    @Test("A list is stored for all receivers or for none", arguments: BackendKind.allCases)
    func allOrNone(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let device = try await backend.store.logIn(T.login(bob)).device
            #expect(
                try await backend.send(T.submission(from: ann, to: [bob, UserID(77), UserID(78)], key: "k"))
                    == .unknownReceivers([UserID(77), UserID(78)]))
            #expect(try await backend.texts(device) == [])
            // Only what was accepted is remembered.
            #expect(try await backend.send(T.submission(from: ann, to: [bob, ann], "x", key: "k")) == .accepted(receivers: 2))
            #expect(try await backend.send(T.submission(from: UserID(50), to: [bob])) == .unknownSender)
        }
    }

    @Test("Members of one batch do not touch each other", arguments: BackendKind.allCases)
    func batch(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let device = try await backend.store.logIn(T.login(bob)).device
            let result = try await backend.store.append([
                T.submission(from: ann, to: [bob], "1", key: "a"), T.submission(from: ann, to: [UserID(9)], "2"),
                T.submission(from: ann, to: [bob], "1", key: "a"), T.submission(from: ann, to: [bob], "3", key: "a"),
                T.submission(from: ann, to: [bob], "4"),
            ])
            #expect(
                result.outcomes == [
                    .accepted(receivers: 1), .unknownReceivers([UserID(9)]), .repeated(receivers: 1), .keyReused,
                    .accepted(receivers: 1),
                ])
            #expect(try await backend.texts(device) == ["1", "4"])
            let stored = try #require(try await backend.store.pending(for: device, after: .zero, limit: 9, bytes: .max)).messages
            #expect(result.stored == stored, "what was stored is what a reader will find")
        }
    }

    @Test("A key stands for its message for 24 hours, per sender", arguments: BackendKind.allCases)
    func idempotency(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let original = T.submission(from: ann, to: [bob], key: "k")
            #expect(try await backend.send(original) == .accepted(receivers: 1))
            #expect(try await backend.send(T.submission(from: bob, to: [bob], key: "k")) == .accepted(receivers: 1))
            func remembered(at now: Timestamp, _ fingerprint: [UInt8]) async throws -> SubmissionOutcome? {
                try await backend.store.remembered(IdempotencyKey("k")!, of: ann, fingerprint: fingerprint, now: now)
            }
            let almost = T.start + .hours(24) - .milliseconds(1)
            #expect(try await remembered(at: almost, original.fingerprint) == .repeated(receivers: 1))
            #expect(try await remembered(at: almost, [1]) == .keyReused)
            #expect(try await remembered(at: T.start + .hours(24), original.fingerprint) == nil)
            let later = T.submission(from: ann, to: [bob], "other", key: "k", now: T.start + .hours(24))
            #expect(try await backend.send(later) == .accepted(receivers: 1))
            // The swept key is no longer counted, the renewed one is.
            try await backend.sweep(now: T.start + .hours(25), expireBefore: T.start)
            #expect(try await backend.send(later) == .repeated(receivers: 1))
        }
    }

    @Test("A sender has a limited number of live keys", arguments: BackendKind.allCases)
    func keyLimit(_ kind: BackendKind) async throws {
        var limits = InboxLimits()
        limits.liveKeysPerUser = 3
        try await kind.run(limits: limits) { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            for key in ["a", "b", "c"] {
                #expect(try await backend.send(T.submission(from: ann, to: [ann], key: key)) == .accepted(receivers: 1))
            }
            #expect(try await backend.send(T.submission(from: ann, to: [ann], key: "d")) == .tooManyKeys)
            #expect(try await backend.send(T.submission(from: ann, to: [ann], key: "a")) == .repeated(receivers: 1))
            #expect(try await backend.send(T.submission(from: ann, to: [ann])) == .accepted(receivers: 1))
            let tomorrow = T.start + .hours(24)
            #expect(
                try await backend.send(T.submission(from: ann, to: [ann], key: "a", now: tomorrow)) == .accepted(receivers: 1))
            try await backend.sweep(now: tomorrow, expireBefore: T.start)
            #expect(
                try await backend.send(T.submission(from: ann, to: [ann], key: "d", now: tomorrow)) == .accepted(receivers: 1))
        }
    }

    @Test("Cursors only rise, and no further than the head", arguments: BackendKind.allCases)
    func cursors(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann)).device
            for _ in 0..<5 { _ = try await backend.send(T.submission(from: ann, to: [ann])) }
            #expect(try await backend.acknowledge(device, 3) == .cursor(MessageNumber(3)))
            #expect(try await backend.acknowledge(device, 2) == .cursor(MessageNumber(3)))
            #expect(try await backend.acknowledge(device, 6) == .ahead(head: MessageNumber(5)))
            #expect(try await backend.acknowledge(device, 5, generation: 2) == .superseded)
            #expect(try await backend.acknowledge(DeviceID(9), 1) == .superseded)
            #expect(try await backend.numbers(device) == [4, 5])
            #expect(try await backend.store.heads(of: [ann, UserID(44)]) == [ann: MessageNumber(5)])
        }
    }

    @Test("Acknowledgements of one batch add up", arguments: BackendKind.allCases)
    func acknowledgementBatch(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann)).device
            for _ in 0..<5 { _ = try await backend.send(T.submission(from: ann, to: [ann])) }
            let batch = [2, 4, 3, 9].map {
                Acknowledgement(device: device, generation: 1, through: MessageNumber($0), byCallback: false, now: T.start)
            }
            let expected: [AcknowledgementOutcome] = [
                .cursor(MessageNumber(2)), .cursor(MessageNumber(4)), .cursor(MessageNumber(4)), .ahead(head: MessageNumber(5)),
            ]
            #expect(try await backend.store.acknowledge(batch) == expected)
            #expect(try await backend.numbers(device) == [5])
        }
    }

    @Test(
        "A message leaves when every device has it, and a new device begins after what any device has",
        arguments: BackendKind.allCases)
    func devices(_ kind: BackendKind) async throws {
        var limits = InboxLimits()
        limits.messages = 4
        try await kind.run(limits: limits) { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            for _ in 0..<2 { _ = try await backend.send(T.submission(from: ann, to: [ann])) }
            let phone = try await backend.store.logIn(T.login(ann)).device
            let laptop = try await backend.store.logIn(T.login(ann)).device
            #expect(try await backend.numbers(laptop) == [1, 2])
            _ = try await backend.acknowledge(phone, 2)
            #expect(try await backend.store.logIn(T.login(ann)).cursor == MessageNumber(2))
            try await backend.sweep()
            #expect(try await backend.numbers(laptop) == [1, 2])
            _ = try await backend.acknowledge(laptop, 1)
            try await backend.sweep()
            #expect(try await backend.numbers(laptop) == [2])
        }
    }

    @Test("A full inbox drops what some device has, oldest first, and then refuses", arguments: BackendKind.allCases)
    func fullInbox(_ kind: BackendKind) async throws {
        var limits = InboxLimits()
        limits.messages = 4
        limits.bytes = 100
        try await kind.run(limits: limits) { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let phone = try await backend.store.logIn(T.login(ann)).device
            let laptop = try await backend.store.logIn(T.login(ann)).device
            for _ in 0..<4 { #expect(try await backend.send(T.submission(from: bob, to: [ann])) == .accepted(receivers: 1)) }
            #expect(try await backend.send(T.submission(from: bob, to: [bob, ann])) == .fullReceivers([ann]))
            _ = try await backend.acknowledge(phone, 2)
            #expect(try await backend.send(T.submission(from: bob, to: [ann])) == .accepted(receivers: 1))
            #expect(try await backend.numbers(laptop) == [2, 3, 4, 5])
            #expect(try await backend.numbers(phone) == [3, 4, 5])
            #expect(
                try await backend.send(T.submission(from: bob, to: [ann], String(repeating: "x", count: 101)))
                    == .fullReceivers([ann]))
            #expect(try await backend.numbers(laptop) == [2, 3, 4, 5])
            _ = try await backend.acknowledge(phone, 5)
            #expect(
                try await backend.send(T.submission(from: bob, to: [ann], String(repeating: "x", count: 95)))
                    == .accepted(receivers: 1))
            #expect(try await backend.numbers(laptop) == [5, 6])
        }
    }

    @Test("Expiry drops the oldest and never gives a number twice", arguments: BackendKind.allCases)
    func expiry(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            for hour in 0..<25 {
                _ = try await backend.send(T.submission(from: ann, to: [ann], now: T.start + .hours(hour)))
            }
            try await backend.sweep(now: T.start + .hours(40), expireBefore: nil)
            let device = try await backend.store.logIn(T.login(ann)).device
            #expect(try await backend.numbers(device)?.count == 25)
            try await backend.sweep(now: T.start + .hours(40), expireBefore: T.start + .hours(20))
            #expect(try await backend.numbers(device) == [21, 22, 23, 24, 25])
            try await backend.sweep(now: T.start + .hours(90), expireBefore: T.start + .hours(80))
            #expect(try await backend.numbers(device) == [])
            _ = try await backend.send(T.submission(from: ann, to: [ann]))
            #expect(try await backend.numbers(device) == [26])
        }
    }
}

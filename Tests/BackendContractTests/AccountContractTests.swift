import MessengerAPI
import MessengerCore
import TestSupport
import Testing

private typealias T = BackendUnderTest

@Suite("Every backend keeps accounts", .timeLimit(.minutes(1)))
struct AccountContractTests {
    @Test("A name and a number have one owner, compared as bytes", arguments: BackendKind.allCases)
    func register(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            #expect(try await backend.store.register(T.account("ann", phone: "1")) == UserID(1))
            await #expect(throws: AccountError.taken) { try await backend.store.register(T.account("ann", phone: "2")) }
            await #expect(throws: AccountError.taken) { try await backend.store.register(T.account("bob", phone: "1")) }
            #expect(try await backend.store.register(T.account("Ann", phone: "3")) == UserID(2))
            #expect(try await backend.store.account(named: Username("ann")!, from: nil)?.id == UserID(1))
            #expect(try await backend.store.account(named: Username("bob")!, from: nil) == nil)
        }
    }

    @Test("Twenty registrations of one name at once make one account", arguments: BackendKind.allCases)
    func concurrentRegistrations(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let store = backend.store
            let made = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask { (try? await store.register(T.account("ann", phone: "\(index)"))) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(made == 1)
        }
    }

    @Test("A deleted account leaves nothing, and its id goes to nobody", arguments: BackendKind.allCases)
    func delete(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let device = try await backend.store.logIn(T.login(bob, token: "t")).device
            _ = try await backend.send(T.submission(from: ann, to: [bob]))
            _ = try await backend.send(T.submission(from: bob, to: [ann], "from bob", key: "k"))
            #expect(try await backend.store.delete(bob, now: T.start))
            #expect(try await !backend.store.delete(bob, now: T.start))
            #expect(try await backend.store.session(TokenHash(of: "t"), now: T.start) == nil)
            #expect(try await backend.texts(device) == nil)
            #expect(try await backend.send(T.submission(from: ann, to: [bob])) == .unknownReceivers([bob]))
            let again = try await backend.user("bob")
            #expect(again == UserID(3))
            let fresh = try await backend.store.logIn(T.login(again)).device
            #expect(fresh > device)
            try await backend.sweep()
            #expect(try await backend.texts(fresh) == [])
            // What the deleted user sent is the receiver's.
            let annDevice = try await backend.store.logIn(T.login(ann)).device
            #expect(try await backend.texts(annDevice) == ["from bob"])
            await #expect(throws: AccountError.unknownUser) { try await backend.store.logIn(T.login(bob)) }
        }
    }

    @Test("An invitation is good once, and until it expires", arguments: BackendKind.allCases)
    func invitations(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let code = TokenHash(of: "code")
            try await backend.invite(code, until: T.start + .hours(1))
            let late = T.account("late", invitation: code, now: T.start + .hours(1))
            await #expect(throws: AccountError.invitationNeeded) { try await backend.store.register(late) }
            _ = try await backend.store.register(T.account("ann", invitation: code))
            await #expect(throws: AccountError.invitationNeeded) {
                try await backend.store.register(T.account("bob", invitation: code))
            }
        }
    }

    @Test("A login goes on with a known device, and ends its old session", arguments: BackendKind.allCases)
    func knownDevice(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let (ann, bob) = (try await backend.user("ann"), try await backend.user("bob"))
            let first = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true, token: "1"))
            let foreign = try await backend.store.logIn(T.login(bob, token: "b")).device
            for _ in 0..<3 { _ = try await backend.send(T.submission(from: bob, to: [ann])) }
            _ = try await backend.acknowledge(first.device, 2)

            let byID = try await backend.store.logIn(T.login(ann, device: first.device, token: "2"))
            #expect((byID.device, byID.cursor, byID.loggedOut) == (first.device, MessageNumber(2), [first.device]))
            #expect(try await backend.store.session(TokenHash(of: "1"), now: T.start) == nil)
            #expect(try await backend.store.session(TokenHash(of: "2"), now: T.start)?.generation == 2)

            _ = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true, device: first.device, token: "3"))
            let byAddress = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true, token: "4"))
            #expect(byAddress.device == first.device)
            let unpushable = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: false, token: "5"))
            #expect(unpushable.device != first.device)
            await #expect(throws: AccountError.foreignDevice) { try await backend.store.logIn(T.login(ann, device: foreign)) }
        }
    }

    @Test("The device longest unseen makes room for one too many", arguments: BackendKind.allCases)
    func deviceLimit(_ kind: BackendKind) async throws {
        var limits = InboxLimits()
        limits.devices = 3
        try await kind.run(limits: limits) { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            var devices: [DeviceID] = []
            for minute in 0..<3 {
                devices.append(
                    try await backend.store.logIn(T.login(ann, token: "\(minute)", now: T.start + .minutes(minute))).device)
            }
            try await backend.store.refresh([TokenHash(of: "0")], now: T.start + .hours(1))
            let outcome = try await backend.store.logIn(T.login(ann, token: "new", now: T.start + .hours(2)))
            #expect(outcome.loggedOut == [devices[1]])
            #expect(try await backend.store.session(TokenHash(of: "1"), now: T.start + .hours(2)) == nil)
            #expect(try await backend.texts(devices[1]) == nil)
            // One with a live stream is seen right now, however long ago it logged in.
            let next = T.login(ann, attached: [devices[2]], now: T.start + .hours(3))
            #expect(try await backend.store.logIn(next).loggedOut == [devices[0]])
        }
    }

    @Test("A session lives for 30 days from its last use", arguments: BackendKind.allCases)
    func sessionLifetime(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            _ = try await backend.store.logIn(T.login(ann, token: "t"))
            func isLive(at now: Timestamp) async throws -> Bool {
                try await backend.store.session(TokenHash(of: "t"), now: now) != nil
            }
            #expect(try await isLive(at: T.start + .days(30) - .milliseconds(1)))
            #expect(try await !isLive(at: T.start + .days(30)))
            try await backend.store.refresh([TokenHash(of: "t"), TokenHash(of: "unknown")], now: T.start + .days(20))
            #expect(try await isLive(at: T.start + .days(49)))
            // A clock that jumped back shortens nothing.
            try await backend.store.refresh([TokenHash(of: "t")], now: T.start)
            #expect(try await isLive(at: T.start + .days(49)))
        }
    }

    @Test("Logout and a new password end sessions and callbacks, not cursors", arguments: BackendKind.allCases)
    func endings(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let ann = try await backend.user("ann")
            let one = try await backend.store.logIn(T.login(ann, address: "a:1", pushable: true, token: "1")).device
            let two = try await backend.store.logIn(T.login(ann, address: "b:1", pushable: true, token: "2")).device
            _ = try await backend.send(T.submission(from: ann, to: [ann]))
            #expect(Set(try await backend.store.callbacksDue(of: nil).map(\.device)) == [one, two])
            #expect(try await backend.store.changePassword(of: ann, to: "new", keeping: TokenHash(of: "2")) == [one])
            #expect(try await backend.store.account(named: Username("ann")!, from: nil)?.passwordHash == "new")
            #expect(try await backend.store.callbacksDue(of: nil).map(\.device) == [two])
            try await backend.store.logOut(TokenHash(of: "2"))
            try await backend.store.logOut(TokenHash(of: "2"))
            #expect(try await backend.store.callbacksDue(of: [ann]).isEmpty)
            #expect(try await backend.store.callbackTarget(of: two) == nil)
            #expect(try await backend.numbers(one) == [1])
            #expect(try await backend.store.account(named: Username("ann")!, from: T.home.key)?.hasLiveDeviceAtOrigin == false)
        }
    }
}

extension BackendUnderTest {
    func invite(_ code: TokenHash, until expires: Timestamp) async throws {
        if let fake = store as? FakeBackend {
            try await fake.addInvitation(code, expires: expires)
        } else {
            try await (store as! any AdminStore).addInvitation(code, expires: expires)
        }
    }
}

import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("Another account key, and another account", .timeLimit(.minutes(2)))
struct ResetTests {
    @Test("After a reset contacts send nothing until they accept, and the conversations stay apart")
    func reset() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Before", to: "bob")
        _ = try await bob.receive()
        try await bob.markVerified("ann")
        let old = try #require(await ann.account)
        await ann.close()
        let phone = try await world.logIn("ann", device: "phone")
        #expect(try await phone.standing == .waitingForLink)
        let secret = try await phone.resetAccount()
        #expect(try await phone.recoverySecret()?.text == secret.text)
        #expect(await phone.account != old)
        #expect(try await phone.standing == .certified)
        await #expect(throws: MessengerError.self) { try await phone.resetAccount() }

        world.time.jump(by: .seconds(120))
        await #expect(throws: MessengerError.newAccount("ann")) { try await bob.send("Still you?", to: "ann") }
        _ = try await phone.send("It is me", to: "bob")
        _ = try await bob.receive()
        #expect(try await bob.unacknowledged().map(\.isFromOtherAccount) == [false, true])
        #expect(try await bob.history(with: "ann").map(\.text) == ["Before"])
        #expect(try await bob.contact("ann").isNewAccount)

        try await bob.acceptNewAccount(of: "ann")
        #expect(try await bob.contact("ann").isVerified == false)
        #expect(try await bob.history(with: "ann").map(\.text) == ["It is me"])
        #expect(try await bob.conversations().count == 2)
        #expect(try await bob.send("Welcome back", to: "ann").delivery == .accepted)
        _ = try await phone.receive()
        #expect(try await phone.texts() == ["Welcome back"])
        #expect(try await phone.unacknowledged().allSatisfy { $0.findings.isEmpty })
    }

    @Test("What waited for the old account is refused when the new one is accepted, and holds nothing up")
    func waiting() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await bob.send("Hello", to: "ann")
        world.server.set { $0.fault = { _ in .loseRequest } }
        let waiting = try await bob.send("For the old one", to: "ann")
        #expect(waiting.delivery == .waiting)
        world.server.set { $0.fault = { _ in .none } }
        await ann.close()
        let phone = try await world.logIn("ann", device: "phone")
        _ = try await phone.resetAccount()
        world.time.jump(by: .seconds(120))
        #expect(try await bob.flush() == 1)
        try await bob.acceptNewAccount(of: "ann")
        #expect(try await bob.flush() == 0)
        let stored = try await bob.parts.store.message(waiting.hash)
        #expect(stored.map(\.delivery) == .refused("The server did not take it."))
        _ = try await phone.receive()
        #expect(try await phone.texts().isEmpty)
    }

    @Test("What comes over the live stream from an account that began a moment ago opens")
    func live() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Before", to: "bob")
        var messages = bob.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "Before")
        await ann.close()
        let phone = try await world.logIn("ann", device: "phone")
        _ = try await phone.resetAccount()
        _ = try await phone.send("It is me", to: "bob")
        let message = try await messages.next()
        #expect(message?.text == "It is me")
        #expect(message?.findings == [])
        #expect(message?.isFromOtherAccount == true)
        await bob.close()
    }

    @Test("A reset whose answer was lost is finished by the next login")
    func lostAnswer() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        await ann.close()
        let phone = try await world.logIn("ann", device: "phone")
        world.server.set { $0.fault = { $0.path == "/api/keys/state/" ? .loseAnswer : .none } }
        await #expect(throws: MessengerError.self) { try await phone.resetAccount() }
        world.server.set { $0.fault = { _ in .none } }
        await phone.close()
        let again = try await world.logIn("ann", device: "phone")
        #expect(try await again.standing == .certified)
        #expect(try await again.recoverySecret() != nil)
    }

    @Test("A renewed secret recovers the account, the old one does not, and contacts notice nothing")
    func renewal() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        let bob = try await world.register("bob").messenger
        _ = try await bob.send("One", to: "ann")
        let tablet = try await world.logIn("ann", device: "tablet", recovery: registration.recoverySecret)
        let secret = try await ann.renewRecoverySecret()
        await #expect(throws: MessengerError.self) {
            try await world.logIn("ann", device: "thief", recovery: registration.recoverySecret)
        }
        let phone = try await world.logIn("ann", device: "phone", recovery: secret)
        #expect(try await phone.devices().count == 3)
        let own = try #require(try await tablet.devices().first { $0.isThisDevice })
        await #expect(throws: MessengerError.accountKeyNotHere) { try await tablet.revoke(own.fingerprint) }
        try await ann.revoke(own.fingerprint)
        #expect(try await bob.send("Two", to: "ann").delivery == .accepted)
        _ = try await phone.receive()
        #expect(try await phone.texts() == ["Two"])
    }

    @Test("A login by the recovery secret that another device was faster than can be repeated")
    func overtaken() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let (server, user) = (world.server, registration.messenger.userID)
        // The server has one state more, for as long as this device tries to add one.
        world.server.set { hooks in
            hooks.fault = { request in
                guard request.method == "POST", request.path == "/api/keys/state/" else { return .none }
                server.state.withLock { state in
                    if let last = state.users[user]?.states.last { state.users[user]?.states.append(last) }
                }
                return .none
            }
            hooks.tamper = { request, response in
                guard request.method == "POST", request.path == "/api/keys/state/" else { return response }
                _ = server.state.withLock { $0.users[user]?.states.removeLast() }
                return response
            }
        }
        await #expect(throws: MessengerError.self) {
            try await world.logIn("ann", device: "phone", recovery: registration.recoverySecret)
        }
        world.server.set { hooks in
            hooks.fault = { _ in .none }
            hooks.tamper = { $1 }
        }
        let phone = try await world.logIn("ann", device: "phone", recovery: registration.recoverySecret)
        #expect(try await phone.standing == .certified)
    }
}

import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("What a lying server is caught at", .timeLimit(.minutes(2)))
struct HostileServerTests {
    private static func inbox(_ world: TestWorld, of person: Messenger) -> [DeliveredMessage] {
        world.server.state.withLock { $0.users[person.userID]?.inbox ?? [] }
    }

    /// Puts a message into an inbox as if this user had sent it.
    private static func deliver(_ message: String, from sender: Messenger, to receiver: Messenger, in world: TestWorld) {
        world.server.state.withLock { state in
            if let user = state.users[sender.userID] { state.deliver(message, from: user, to: receiver.userID) }
        }
    }

    @Test("An account that another one stands in for is not in the log")
    func swappedAccount() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        _ = try await world.register("bob")
        let eve = try await world.register("eve").messenger
        let eveID = eve.userID
        let server = world.server
        world.server.set { hooks in
            hooks.tamper = { request, response in
                guard request.path.hasPrefix("/api/keys/?username=bob") else { return response }
                var asEve = request
                asEve.path = "/api/keys/?user_id=\(eveID)"
                let tampered = asEve
                return server.state.withLock { $0.answer(tampered, now: 0) }
            }
        }
        await #expect(throws: MessengerError.directory("bob", .notInLog)) { try await ann.send("Secret", to: "bob") }
        #expect(Self.inbox(world, of: eve).isEmpty)
    }

    @Test("A key that the device did not sign is not sealed to")
    func swappedKey() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let eve = try await world.register("eve").messenger
        let eveID = eve.userID
        let server = world.server
        world.server.set { hooks in
            hooks.tamper = { request, response in
                guard request.path == "/api/keys/claim/",
                    let genuine = try? JSONDecoder().decode(ClaimKeysResponse.self, from: Data(response.body)),
                    let device = genuine.keys.first?.device,
                    let foreign = server.state.withLock({ $0.users[eveID]?.keys.values.first?.rotating })
                else { return response }
                return ServerDoubleState.ok(
                    ClaimKeysResponse(
                        keysVersion: genuine.keysVersion,
                        keys: [ClaimKeysResponse.Key(device: device, record: Base64Bytes(foreign.bytes))]))
            }
        }
        #expect(try await ann.send("Secret", to: "bob").delivery == .waiting)
        #expect(Self.inbox(world, of: bob).isEmpty)
        world.server.set { $0.tamper = { $1 } }
    }

    @Test("A log that goes back, or shows another past, ends all sending for good", arguments: [true, false])
    func rolledBackLog(goesBack: Bool) async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Before", to: "bob")
        world.server.state.withLock { state in
            let kept = state.records.dropLast()
            state.tree = MerkleTree()
            state.records = []
            for case .record(let record, _) in kept { state.append(record) }
            if !goesBack {
                state.append(LogRecord(type: .webRelease, name: .zero, account: .zero, seq: 1, hash: .zero, time: 0))
                state.append(LogRecord(type: .webRelease, name: .zero, account: .zero, seq: 2, hash: .zero, time: 0))
            }
        }
        world.time.jump(by: .seconds(120))
        await #expect(throws: MessengerError.self) { try await ann.receive() }
        await #expect(throws: MessengerError.self) { try await ann.send("After", to: "bob") }
        await ann.close()
        let again = try await Messenger.open(world.location("ann"), configuration: world.configuration)
        await #expect(throws: MessengerError.self) { try await again.send("After", to: "bob") }
        #expect(Self.inbox(world, of: bob).count == 1)
        await again.close()
    }

    @Test("A client that was away follows the log's key through every change, and keeps to the newest")
    func changedLogKey() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Before", to: "bob")
        await ann.close()
        for _ in 0..<2 {
            world.server.state.withLock { $0.rotateLogKey() }
            _ = try await world.register("later \(world.server.state.withLock { $0.records.count })")
        }
        let again = try await Messenger.open(world.location("ann"), configuration: world.configuration)
        world.time.jump(by: .seconds(120))
        #expect(try await again.send("After", to: "bob").delivery == .accepted)
        await again.close()
        // What it has pinned needs no introduction any more, and the older keys are worth nothing.
        world.server.state.withLock { $0.introductions = [] }
        let once = try await Messenger.open(world.location("ann"), configuration: world.configuration)
        world.time.jump(by: .seconds(120))
        #expect(try await once.send("Once more", to: "bob").delivery == .accepted)
        #expect(Self.inbox(world, of: bob).count == 3)
        await once.close()
    }

    @Test("A key that the log's old key has not introduced, or on another log, ends all sending", arguments: [true, false])
    func swappedLogKey(isIntroduced: Bool) async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Before", to: "bob")
        world.server.state.withLock { state in
            if isIntroduced {
                // The old key signs, but a tree that this client has not seen.
                let (tree, records) = (state.tree, state.records)
                state.tree = MerkleTree()
                state.append(LogRecord(type: .webRelease, name: .zero, account: .zero, seq: 1, hash: .zero, time: 0))
                state.rotateLogKey()
                (state.tree, state.records) = (tree, records)
            } else {
                state.rotateLogKey(isIntroduced: false)
            }
        }
        world.time.jump(by: .seconds(120))
        let expected = isIntroduced ? MessengerError.logContradiction(.splitView(size: 1)) : .note(.notIntroduced)
        await #expect(throws: expected) { try await ann.send("After", to: "bob") }
        await ann.close()
        let again = try await Messenger.open(world.location("ann"), configuration: world.configuration)
        await #expect(throws: MessengerError.self) { try await again.send("After", to: "bob") }
        #expect(Self.inbox(world, of: bob).count == 1)
        await again.close()
    }

    @Test("A frozen log is not trusted with anybody new")
    func frozenLog() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let old = world.server.state.withLock { $0.note(now: UInt64(world.time.now.rawValue)) }
        world.server.set { hooks in
            hooks.tamper = { request, response in
                request.path == "/api/log/checkpoint/" ? APIResponse(status: 200, body: old) : response
            }
        }
        world.time.jump(by: .seconds(3601))
        #expect(try await ann.send("New contact", to: "bob").delivery == .waiting)
        #expect(Self.inbox(world, of: bob).isEmpty)
    }

    @Test("A forged sender, another's envelope, and a changed byte are shown as what they are, without content")
    func forgery() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let eve = try await world.register("eve").messenger
        _ = try await eve.send("From Eve", to: "bob")
        let genuine = try #require(Self.inbox(world, of: bob).first?.message)
        world.server.state.withLock { $0.users[bob.userID]?.inbox = [] }
        Self.deliver(genuine, from: ann, to: bob, in: world)
        Self.deliver("plain text", from: ann, to: bob, in: world)
        var changed = try #require(EnvelopeText.envelope(genuine))
        changed[changed.count - 1] ^= 1
        Self.deliver(EnvelopeText.text(changed), from: eve, to: bob, in: world)
        _ = try await bob.receive()
        let received = try await bob.unacknowledged()
        #expect(received.map(\.findings) == [[.account], [.malformed], [.body]])
        #expect(received.allSatisfy { $0.content == nil })
    }

    @Test("An envelope for somebody else is passed over, and a repeat is no second message")
    func replays() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let eve = try await world.register("eve").messenger
        _ = try await ann.send("Once", to: "bob")
        let genuine = try #require(Self.inbox(world, of: bob).first?.message)
        Self.deliver(genuine, from: ann, to: bob, in: world)
        Self.deliver(genuine, from: ann, to: eve, in: world)
        #expect(try await bob.receive() == 2)
        #expect(try await eve.receive() == 1)
        #expect(try await bob.texts() == ["Once"])
        #expect(try await eve.unacknowledged().isEmpty)
    }

    @Test("A message that was dropped shows as a gap with the next one")
    func dropped() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        for text in ["one", "two", "three"] { _ = try await ann.send(text, to: "bob") }
        world.server.state.withLock { state in state.users[bob.userID]?.inbox.removeAll { $0.messageID.rawValue == 2 } }
        _ = try await bob.receive()
        #expect(try await bob.unacknowledged().map(\.findings) == [[], [.gap]])
    }

    @Test("An account that began anew under an old name gets nothing before it is accepted")
    func newAccount() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Old Bob", to: "bob")
        // The name gets another account, as after a reset of all keys.
        await bob.close()
        world.server.state.withLock { state in
            guard let old = state.users[bob.userID]?.states.last?.object else { return }
            state.users[bob.userID] = ServerDoubleState.User(id: bob.userID, name: "bob", password: "correct horse battery")
            let places = state.records.indices.filter { index in
                if case .record(let record, _) = state.records[index] { record.account == old.account } else { false }
            }
            state.append(.tombstone(of: old.account, covering: places.map { UInt64($0) }, time: 0))
        }
        let newBob = try await world.logIn("bob", device: "new bob")
        await #expect(throws: MessengerError.newAccount("bob")) {
            world.time.jump(by: .seconds(61))
            _ = try await ann.send("Is it you?", to: "bob")
        }
        #expect(try await ann.contact("bob").isNewAccount)
        try await ann.acceptNewAccount(of: "bob")
        _ = try await ann.send("Welcome back", to: "bob")
        _ = try await newBob.receive()
        #expect(try await newBob.texts() == ["Welcome back"])
    }
}

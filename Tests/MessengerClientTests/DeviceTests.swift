import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("Several devices of one account", .timeLimit(.minutes(2)))
struct DeviceTests {
    @Test("A linked device gets what comes from then on, and what the other device sends")
    func linking() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let tablet = try await world.logIn("ann", device: "tablet")
        #expect(try await tablet.standing == .waitingForLink)
        let code = try await tablet.beginLinking(deviceName: "Ann's tablet")
        #expect(try await tablet.finishLinking() == false)
        let request = try await ann.linkRequest(code.text)
        #expect(request.deviceName == "Ann's tablet")
        try await world.approve(request, by: ann)
        #expect(try await tablet.finishLinking())
        #expect(try await tablet.standing == .certified)
        #expect(try await ann.devices().count == 2)
        _ = try await bob.send("To both", to: "ann")
        _ = try await ann.send("From the first", to: "bob")
        _ = try await tablet.receive()
        _ = try await ann.receive()
        #expect(try await ann.texts() == ["To both"])
        let received = try await tablet.unacknowledged()
        #expect(received.map(\.text) == ["To both", "From the first"])
        #expect(received.map(\.isFromMe) == [false, true])
        #expect(received.map(\.conversationWith) == ["bob", "bob"])
        #expect(received.allSatisfy { $0.findings.isEmpty })
    }

    @Test("A code that was changed, is of another bundle, or too old certifies nothing")
    func wrongCodes() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let tablet = try await world.logIn("ann", device: "tablet")
        let code = try await tablet.beginLinking(deviceName: "tablet")
        await #expect(throws: MessengerError.linkWrong) { try await ann.linkRequest("messenger-link:AAAA") }
        world.server.set { hooks in
            hooks.tamper = { request, response in
                guard request.path.hasPrefix("/api/keys/links/"), request.method == "GET" else { return response }
                let foreign = LinkBundle(
                    deviceKey: SigningKey().publicKey, suite: .xWing, flags: [],
                    linkKey: (try? KEMPrivateKey(suite: .xWing))!, name: "tablet")
                return ServerDoubleState.ok(LinkNoteResponse(data: Base64Bytes(foreign.bytes)))
            }
        }
        await #expect(throws: MessengerError.linkWrong) { try await ann.linkRequest(code.text) }
        await #expect(throws: MessengerError.linkWrong) { try await tablet.finishLinking() }
        world.server.set { $0.tamper = { $1 } }
        world.time.jump(by: .seconds(121))
        await #expect(throws: MessengerError.linkExpired) { try await ann.linkRequest(code.text) }
    }

    @Test("The recovery secret brings a new device into the account, another secret does not")
    func recovery() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        await registration.messenger.close()
        await #expect(throws: MessengerError.self) {
            try await world.logIn("ann", device: "thief", recovery: RecoverySecret())
        }
        let phone = try await world.logIn("ann", device: "phone", recovery: registration.recoverySecret)
        #expect(try await phone.standing == .certified)
        #expect(try await phone.devices().count == 2)
        let bob = try await world.register("bob").messenger
        _ = try await bob.send("Still you?", to: "ann")
        _ = try await phone.receive()
        #expect(try await phone.texts() == ["Still you?"])
    }

    @Test(
        "What was in flight to a lost device comes to the one that takes its place, what has arrived does not, nor to a linked one"
    )
    func inFlight() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        let bob = try await world.register("bob").messenger
        _ = try await bob.send("Arrived", to: "ann")
        _ = try await ann.receive()
        _ = try await bob.receive()
        let sent = try await bob.send("In flight", to: "ann")
        let linked = try await world.logIn("ann", device: "linked")
        try await world.approve(try await ann.linkRequest(try await linked.beginLinking(deviceName: "linked").text), by: ann)
        _ = try await linked.finishLinking()
        _ = try await linked.receive()
        await ann.close()
        let phone = try await world.logIn("ann", device: "phone", recovery: registration.recoverySecret)
        for _ in 0..<2 {
            _ = try await phone.receive()
            _ = try await bob.receive()
            _ = try await linked.receive()
        }
        let received = try await phone.unacknowledged()
        #expect(received.map(\.text) == ["In flight"])
        #expect(received.map(\.hash) == [sent.hash])
        #expect(received.allSatisfy { $0.findings.isEmpty })
        #expect(try await linked.unacknowledged().isEmpty)
    }

    @Test("A revoked device gets nothing that is sent once the sender knows, and is told its standing")
    func revocation() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        let bob = try await world.register("bob").messenger
        let tablet = try await world.logIn("ann", device: "tablet", recovery: registration.recoverySecret)
        _ = try await bob.send("For both", to: "ann")
        let lost = try #require(try await tablet.devices().first { $0.isThisDevice })
        _ = try await tablet.receive()
        try await ann.revoke(lost.fingerprint)
        // Bob's cache still has the tablet: the server says that its keys are stale, and the message is sealed anew.
        _ = try await bob.send("For one", to: "ann")
        _ = try await ann.receive()
        #expect(try await ann.texts() == ["For both", "For one"])
        #expect(try await tablet.standing == .revoked)
        await #expect(throws: MessengerError.notCertified) { try await tablet.receive() }
        #expect(try await tablet.texts() == ["For both"])
        await #expect(throws: MessengerError.notFound) { try await ann.revoke(lost.fingerprint) }
    }

    @Test("Only a device that holds the account key certifies and revokes")
    func accountKey() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let tablet = try await world.logIn("ann", device: "tablet")
        let request = try await ann.linkRequest(try await tablet.beginLinking(deviceName: "tablet").text)
        try await world.approve(request, by: ann)
        _ = try await tablet.finishLinking()
        let phone = try #require(try await tablet.devices().first { !$0.isThisDevice })
        await #expect(throws: MessengerError.accountKeyNotHere) { try await tablet.revoke(phone.fingerprint) }
    }
}

@Suite("Backups", .timeLimit(.minutes(2)))
struct BackupTests {
    @Test("History and verifications come back on a new device, once, and only with the secret")
    func restore() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        let bob = try await world.register("bob").messenger
        _ = try await bob.send("Before", to: "ann")
        _ = try await ann.receive()
        _ = try await ann.send("Answer", to: "bob")
        try await ann.markVerified("bob")
        let path = world.location("backup").folder
        try await ann.backup(to: path, recovery: registration.recoverySecret)
        await ann.close()
        let phone = try await world.logIn("ann", device: "phone", recovery: registration.recoverySecret)
        _ = try await bob.send("Since", to: "ann")
        _ = try await phone.receive()
        await #expect(throws: MessengerError.backup(.wrongKey)) {
            try await phone.restore(from: path, recovery: RecoverySecret())
        }
        #expect(try await phone.restore(from: path, recovery: registration.recoverySecret) == 2)
        #expect(try await phone.restore(from: path, recovery: registration.recoverySecret) == 0)
        #expect(try await phone.history(with: "bob").map(\.text) == ["Before", "Answer", "Since"])
        #expect(try await phone.contact("bob").isVerified)
        #expect(try await phone.texts() == ["Since"])
        // A backup of what was brought back holds all of it.
        try await phone.backup(to: path, recovery: registration.recoverySecret)
        let tablet = try await world.logIn("ann", device: "tablet", recovery: registration.recoverySecret)
        #expect(try await tablet.restore(from: path, recovery: registration.recoverySecret) == 3)
    }
}

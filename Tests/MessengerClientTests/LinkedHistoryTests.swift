import MessengerCrypto
import TestSupport
import Testing

@testable import MessengerClient

@Suite("What a linked device gets beside its certificate", .timeLimit(.minutes(2)))
struct LinkedHistoryTests {
    /// Ann has written with Bob, and her tablet is linked.
    private struct Linked {
        let world: TestWorld
        let ann: Messenger
        let bob: Messenger
        let tablet: Messenger
        let request: LinkRequest

        init() async throws {
            world = try TestWorld()
            (ann, bob) = try await world.annAndBob()
            _ = try await bob.send("Before", to: "ann")
            _ = try await ann.receive()
            _ = try await ann.send("Answer", to: "bob")
            try await ann.markVerified("bob")
            tablet = try await world.logIn("ann", device: "tablet")
            request = try await ann.linkRequest(try await tablet.beginLinking(deviceName: "tablet").text)
            try await world.approve(request, by: ann)
            #expect(try await tablet.finishLinking())
        }
    }

    @Test("History and contacts come when the owner says so, and stand before what has come since")
    func history() async throws {
        let linked = try await Linked()
        _ = try await linked.bob.send("Since", to: "ann")
        _ = try await linked.tablet.receive()
        #expect(try await linked.tablet.receiveHistory() == .waiting)
        try await linked.ann.sendHistory(to: linked.request)
        #expect(try await linked.tablet.receiveHistory() == .received(2))
        #expect(try await linked.tablet.history(with: "bob").map(\.text) == ["Before", "Answer", "Since"])
        #expect(try await linked.tablet.history(with: "bob").map(\.isFromMe) == [false, true, false])
        #expect(try await linked.tablet.contact("bob").isVerified)
        #expect(try await linked.tablet.texts() == ["Since"])
        await #expect(throws: MessengerError.linkExpired) { try await linked.tablet.receiveHistory() }
    }

    @Test("Groups come with their members, their name and what was written in them")
    func groups() async throws {
        let linked = try await Linked()
        let group = try await linked.ann.createGroup("Lake", members: ["bob"]).id
        _ = try await linked.ann.send("Who comes?", in: group)
        try await linked.ann.sendHistory(to: linked.request)
        guard case .received = try await linked.tablet.receiveHistory() else {
            Issue.record("No history came.")
            return
        }
        #expect(try await linked.tablet.group(group).name == "Lake")
        #expect(try await linked.tablet.group(group).members.map(\.username) == ["ann", "bob"])
        #expect(try await linked.tablet.history(of: group).map(\.text) == [nil, "Who comes?"])
    }

    @Test("An owner who does not want it given says so to the new device")
    func refused() async throws {
        let linked = try await Linked()
        try await linked.ann.refuseHistory(to: linked.request)
        #expect(try await linked.tablet.receiveHistory() == .refused)
        #expect(try await linked.tablet.history(with: "bob").isEmpty)
    }

    @Test("A history of several blobs arrives whole; one that the server changed is refused, and can be fetched again")
    func changed() async throws {
        let linked = try await Linked()
        let long = String(repeating: "x", count: 60_000)
        for _ in 0..<80 { _ = try await linked.ann.send(long, to: "ann") }
        try await linked.ann.sendHistory(to: linked.request)
        let server = linked.world.server
        #expect(server.state.withLock { $0.blobs.count } == 2)
        server.set { hooks in
            hooks.tamper = { request, response in
                guard request.method == "GET", request.path.hasPrefix("/api/blobs/") else { return response }
                var body = response.body
                body[body.count / 2] ^= 1
                return APIResponse(status: response.status, body: body)
            }
        }
        await #expect(throws: MessengerError.self) { try await linked.tablet.receiveHistory() }
        server.set { $0.tamper = { $1 } }
        #expect(try await linked.tablet.receiveHistory() == .received(82))
        #expect(try await linked.tablet.history(with: "ann", limit: 100).count == 80)
    }

    @Test("Neither another code nor another device reads where the history lies")
    func sealed() throws {
        let linkKey = try KEMPrivateKey(suite: .xWing)
        let bundle = LinkBundle(deviceKey: SigningKey().publicKey, suite: .xWing, flags: [], linkKey: linkKey, name: "tablet")
        let code = LinkCode(for: bundle, server: .zero, now: 0)
        let history = try #require(LinkHistory(key: .random(32), size: 5, blobs: [[UInt8](repeating: 7, count: 32)]))
        let note = try history.sealed(for: bundle, code: code)
        #expect(LinkHistory(sealed: note, linkKey: linkKey, code: code)?.blobs == history.blobs)
        #expect(LinkHistory(sealed: note, linkKey: linkKey, code: LinkCode(for: bundle, server: .zero, now: 0)) == nil)
        #expect(LinkHistory(sealed: note, linkKey: try KEMPrivateKey(suite: .xWing), code: code) == nil)
        // An answer is no history, and the other way round.
        #expect(LinkAnswer(sealed: note, linkKey: linkKey, code: code) == nil)
        for count in 0..<note.count {
            #expect(LinkHistory(sealed: Array(note.prefix(count)), linkKey: linkKey, code: code) == nil)
        }
    }

    @Test("Linking wants the passphrase of the store, and can be called off for five seconds")
    func unlock() async throws {
        let world = try TestWorld()
        let configuration = world.configuration
        let ann = try await Messenger.register(
            username: "ann", phoneNumber: "1", password: "correct horse battery", at: try TestWorld.address,
            store: world.location("ann", passphrase: "tea"), configuration: configuration
        ).messenger
        #expect(try await ann.hasPassphrase)
        let tablet = try await world.logIn("ann", device: "tablet")
        #expect(try await tablet.hasPassphrase == false)
        let request = try await ann.linkRequest(try await tablet.beginLinking(deviceName: "tablet").text)
        await #expect(throws: MessengerError.storeLocked) { try await ann.approve(request) }
        await #expect(throws: MessengerError.storeLocked) { try await ann.approve(request, passphrase: "coffee") }
        let thoughtBetter = Task { try await ann.approve(request, passphrase: "tea") }
        try await eventually("the pause") { world.time.sleeperCount > 0 }
        thoughtBetter.cancel()
        await #expect(throws: CancellationError.self) { try await thoughtBetter.value }
        #expect(try await ann.devices().count == 1)
        try await world.approve(request, by: ann, passphrase: "tea")
        #expect(try await tablet.finishLinking())
        #expect(try await ann.devices().count == 2)
    }
}

import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("What a device owes others", .timeLimit(.minutes(5)))
struct ObligationTests {
    private static let mostSteps = 200

    /// Bob cannot open what Ann has sent, and one of both crashes after so many steps. Whether it did.
    private static func history(crash name: String, after steps: Int) async throws -> Bool {
        let world = try TestWorld()
        var devices: [String: Messenger] = [:]
        (devices["ann"], devices["bob"]) = try await world.annAndBob()
        _ = try await devices["ann"]?.send("Again, please", to: "bob")
        try await devices["bob"]?.parts.store.write { db in try db.execute(sql: "DELETE FROM private_key WHERE kind = 2") }
        await devices[name]?.close()
        let crash = CrashSwitch()
        let mortal = try await world.open(name, crash: crash)
        devices[name] = mortal
        if name == "ann" { _ = try await devices["bob"]?.receive() }
        crash.arm(after: steps)
        _ = try? await mortal.receive()
        let hasCrashed = crash.hasCrashed
        await mortal.close()
        devices[name] = try await Messenger.open(world.location(name), configuration: world.configuration)
        for _ in 0..<4 { for name in ["bob", "ann"] { _ = try await devices[name]?.receive() } }
        let received = try await devices["bob"]?.unacknowledged().compactMap(\.text)
        #expect(received == ["Again, please"], "\(name) crashed after \(steps) steps")
        let delivery = try await devices["ann"]?.history(with: "bob").first?.delivery
        #expect(delivery == .delivered, "\(name) crashed after \(steps) steps")
        for device in devices.values { await device.close() }
        return hasCrashed
    }

    @Test("A crash between any two steps loses neither a question, nor its answer, nor a receipt", arguments: ["ann", "bob"])
    func crashes(name: String) async throws {
        var steps = 0
        while try await Self.history(crash: name, after: steps), steps < Self.mostSteps { steps += 1 }
        #expect(steps > 5 && steps < Self.mostSteps)
    }

    @Test("Receipts that cannot be written now are written later")
    func receiptsStayOwed() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let sent = try await ann.send("Hello", to: "bob")
        // Bob has never written to Ann: without her directory there is no receipt.
        world.server.set { hooks in
            hooks.fault = { $0.path.hasPrefix("/api/keys/?") ? .loseRequest : .none }
        }
        _ = try? await bob.receive()
        world.server.set { $0.fault = { _ in .none } }
        _ = try await bob.receive()
        _ = try await ann.receive()
        #expect(try await ann.history(with: "bob").map(\.delivery) == [.delivered])
        #expect(try await bob.unacknowledged().map(\.hash) == [sent.hash])
    }

    @Test("Twenty questions are put and answered within an hour, the rest later; none twice")
    func limits() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        for number in 1...25 { _ = try await ann.send("\(number)", to: "bob") }
        try await bob.parts.store.write { db in try db.execute(sql: "DELETE FROM private_key WHERE kind = 2") }
        func exchange() async throws -> Set<String> {
            for _ in 0..<2 {
                _ = try await bob.receive()
                _ = try await ann.receive()
            }
            _ = try await bob.receive()
            return Set(try await bob.texts())
        }
        #expect(try await exchange().count == 20)
        world.time.jump(by: .seconds(3601))
        #expect(try await exchange() == Set((1...25).map { "\($0)" }))
        #expect(try await bob.texts().count == 25)
        #expect(try await bob.parts.store.openQuestions().isEmpty)
        #expect(try await ann.parts.store.requests().isEmpty)
    }

    @Test("What was asked too long ago is asked no more")
    func tooLate() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Gone", to: "bob")
        try await bob.parts.store.write { db in try db.execute(sql: "DELETE FROM private_key WHERE kind = 2") }
        _ = try await bob.receive()
        world.time.jump(by: .seconds(15 * 24 * 3600))
        _ = try await ann.receive()
        _ = try await bob.receive()
        #expect(try await bob.texts().isEmpty)
        #expect(try await ann.parts.store.requests().isEmpty)
    }
}

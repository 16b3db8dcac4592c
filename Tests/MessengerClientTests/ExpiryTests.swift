import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("Messages that go by themselves", .timeLimit(.minutes(2)))
struct ExpiryTests {
    @Test("A message goes so long after sending here, and so long after reading there, with what was said in its place")
    func expires() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let sent = try await ann.send(.text("Burn after reading", expiresAfter: 60), to: "bob")
        _ = try await ann.edit(sent.hash, text: "Burn a needle")
        _ = try await bob.receive()
        #expect(try await bob.history(with: "ann").map(\.expiresAfter) == [60])
        world.time.jump(by: .seconds(59))
        #expect(try await ann.history(with: "bob").count == 1)
        world.time.jump(by: .seconds(2))
        #expect(try await ann.history(with: "bob").isEmpty)
        #expect(try await ann.conversations().isEmpty)
        // Bob has not read it yet.
        world.time.jump(by: .seconds(3600))
        #expect(try await bob.texts().first == "Burn after reading")
        try await bob.markRead([sent.hash])
        let expires = try #require(try await bob.history(with: "ann").first?.expires)
        #expect(expires == Date(milliseconds: bob.parts.clock.now() + 60_000))
        world.time.jump(by: .seconds(30))
        try await bob.markRead([sent.hash])
        world.time.jump(by: .seconds(31))
        #expect(try await bob.history(with: "ann").isEmpty)
        #expect(try await bob.unacknowledged().isEmpty)
        for person in [ann, bob] {
            let bodies = try await person.parts.store.read { db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM message WHERE body IS NOT NULL")
            }
            #expect(bodies == 0, "\(person.username)")
        }
        // An edit that comes later is not kept either.
        _ = try await ann.send(.edit(of: sent.hash, text: "A needle again"), to: "bob")
        _ = try await bob.receive()
        let bodies = try await bob.parts.store.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM message WHERE body IS NOT NULL")
        }
        #expect(bodies == 0)
    }

    @Test("What has gone is in no file of the store, at the start too, and in no backup")
    func noTraces() async throws {
        let world = try TestWorld()
        let registration = try await world.register("bob")
        var bob = registration.messenger
        let ann = try await world.register("ann").messenger
        let sent = try await ann.send(.text("Burn", expiresAfter: 60), to: "bob")
        _ = try await ann.send("Stay", to: "bob")
        _ = try await bob.receive()
        try await bob.beginExpiry(of: [sent.hash])
        let stored = try await bob.parts.store.read { db in
            try Data.fetchOne(db, sql: "SELECT body FROM message WHERE hash = ?", arguments: [Data(sent.hash.bytes)])
        }
        let body = try #require(stored)
        func isInFiles() throws -> Bool {
            let folder = world.location("bob").folder
            return try FileManager.default.contentsOfDirectory(atPath: folder).contains { name in
                try Data(contentsOf: URL(filePath: folder + "/" + name)).firstRange(of: body) != nil
            }
        }
        #expect(try isInFiles())
        await bob.close()
        world.time.jump(by: .seconds(61))
        bob = try await Messenger.open(world.location("bob"), configuration: world.configuration)
        #expect(try !isInFiles())
        let path = world.location("backup").folder
        try await bob.backup(to: path, recovery: registration.recoverySecret)
        await bob.close()
        let phone = try await world.logIn("bob", device: "phone", recovery: registration.recoverySecret)
        #expect(try await phone.restore(from: path, recovery: registration.recoverySecret) == 1)
        #expect(try await phone.history(with: "ann").map(\.text) == ["Stay"])
    }

    @Test("A timer goes for what comes after it, on both sides, until it is taken back; a message may have its own")
    func timer() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Before", to: "bob")
        _ = try await ann.setTimer(3600, with: "bob")
        _ = try await ann.send("An hour", to: "bob")
        _ = try await bob.receive()
        #expect(try await bob.timer(with: "ann") == 3600)
        _ = try await bob.send("An hour too", to: "ann")
        _ = try await bob.send(.text("A minute", expiresAfter: 60), to: "ann")
        world.time.jump(by: .milliseconds(5))
        _ = try await bob.setTimer(nil, with: "ann")
        _ = try await bob.send("Stays", to: "ann")
        _ = try await ann.receive()
        #expect(try await ann.history(with: "bob").map(\.expiresAfter) == [nil, nil, 3600, 3600, 60, nil, nil])
        #expect(try await ann.history(with: "bob").map(\.timer) == [nil, .set(3600), nil, nil, nil, .off, nil])
        #expect(try await ann.timer(with: "bob") == nil)
        await #expect(throws: MessengerError.self) { try await ann.setTimer(0, with: "bob") }
    }

    @Test("In a group any member sets the timer")
    func group() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        _ = try await bob.receive()
        _ = try await bob.setTimer(60, in: group)
        _ = try await ann.receive()
        let sent = try await ann.send("A minute", in: group)
        _ = try await eve.receive()
        #expect(try await eve.timer(in: group) == 60)
        try await eve.markRead([sent.hash])
        world.time.jump(by: .seconds(61))
        #expect(try await eve.history(of: group).map(\.text) == [nil, nil])
        #expect(try await ann.history(of: group).map(\.text) == [nil, nil])
    }

    @Test("What waits for the server is not given up, and goes from here once it is sent")
    func waiting() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("First", to: "bob")
        world.server.set { $0.fault = { _ in .loseRequest } }
        #expect(try await ann.send(.text("Late", expiresAfter: 60), to: "bob").delivery == .waiting)
        world.time.jump(by: .seconds(120))
        #expect(try await ann.history(with: "bob").count == 2)
        world.server.set { $0.fault = { _ in .none } }
        #expect(try await ann.flush() == 0)
        #expect(try await ann.history(with: "bob").map(\.text) == ["First"])
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["First", "Late"])
    }
}

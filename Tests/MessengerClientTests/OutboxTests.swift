import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization
import Testing

@testable import MessengerClient

@Suite("What happens to a message until the server has it", .timeLimit(.minutes(2)))
struct OutboxTests {
    /// The bodies of the sends that reached the server.
    private final class Sends: Sendable {
        let bodies = Mutex<[[UInt8]]>([])
    }

    private static func isSend(_ request: APIRequest) -> Bool { request.method == "POST" && request.path == "/api/messages/" }

    @Test("When the answer is lost, the same bytes go again, also after a restart, and the receiver sees one message")
    func lostAnswer() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let sends = Sends()
        world.server.set { hooks in
            hooks.fault = { request in
                guard Self.isSend(request) else { return .none }
                return sends.bodies.withLock { bodies in
                    bodies.append(request.body ?? [])
                    return bodies.count < 3 ? .loseAnswer : .none
                }
            }
        }
        let sent = try await ann.send("Once", to: "bob")
        #expect(sent.delivery == .waiting)
        await ann.close()
        let again = try await Messenger.open(world.location("ann"), configuration: world.configuration)
        #expect(try await again.flush() == 1)
        #expect(try await again.flush() == 0)
        let bodies = sends.bodies.withLock { $0 }
        #expect(bodies.count == 3)
        #expect(Set(bodies).count == 1)
        #expect(try await again.history(with: "bob").map(\.delivery) == [.accepted])
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["Once"])
    }

    @Test("Without a server a message waits, and those behind it keep their order")
    func offline() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("zero", to: "bob")
        world.server.set { $0.fault = { _ in .loseRequest } }
        for text in ["one", "two"] { #expect(try await ann.send(text, to: "bob").delivery == .waiting) }
        #expect(try await ann.flush() == 2)
        world.server.set { $0.fault = { _ in .none } }
        #expect(try await ann.flush() == 0)
        _ = try await bob.receive()
        let received = try await bob.unacknowledged()
        #expect(received.map(\.text) == ["zero", "one", "two"])
        #expect(received.allSatisfy { $0.findings.isEmpty })
    }

    @Test("After stale keys the same message is sealed anew, under its old name")
    func staleKeys() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("first", to: "bob")
        let sends = Sends()
        world.server.set { hooks in
            hooks.fault = { request in
                if Self.isSend(request) { sends.bodies.withLock { $0.append(request.body ?? []) } }
                return .none
            }
        }
        // Between claim and send Bob's keys change.
        let server = world.server
        let isFirst = Mutex(true)
        let bobID = bob.userID
        world.server.set { hooks in
            hooks.tamper = { request, response in
                if request.path == "/api/keys/claim/",
                    isFirst.withLock({ first in
                        defer { first = false }
                        return first
                    })
                {
                    server.state.withLock { state in
                        if let version = state.users[bobID]?.keysVersion { state.users[bobID]?.keysVersion = version.next }
                    }
                }
                return response
            }
        }
        let sent = try await ann.send("second", to: "bob")
        #expect(sent.delivery == .accepted)
        let bodies = sends.bodies.withLock { $0 }
        #expect(bodies.count == 2)
        #expect(Set(bodies).count == 2)
        let keys = try bodies.map { try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] }
        #expect(Set(keys.map { $0?["client_message_id"] as? String }).count == 1)
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["first", "second"])
        #expect(try await bob.unacknowledged().last?.hash == sent.hash)
    }

    @Test("A message that the server will never take is refused, and blocks nothing")
    func refused() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        world.server.set { hooks in
            hooks.tamper = { request, response in
                Self.isSend(request) ? ServerDoubleState.problem(413, "body-too-large") : response
            }
        }
        let sent = try await ann.send("too much", to: "bob")
        #expect(sent.delivery == .refused("body-too-large."))
        world.server.set { $0.tamper = { $1 } }
        #expect(try await ann.send("fine", to: "bob").delivery == .accepted)
        #expect(try await bob.receive() == 2)
    }

    @Test("A message that cannot be opened is asked for, once, and comes again")
    func askAgain() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let sent = try await ann.send("Again, please", to: "bob")
        // The key is lost, as after a restored disk.
        try await bob.parts.store.write { db in try db.execute(sql: "DELETE FROM private_key WHERE kind = 2") }
        _ = try await bob.receive()
        #expect(try await bob.unacknowledged().map(\.findings) == [[.keyGone]])
        #expect(try await bob.unacknowledged().first?.text == nil)
        _ = try await ann.receive()
        _ = try await bob.receive()
        let received = try #require(try await bob.unacknowledged().last)
        #expect(received.text == "Again, please")
        #expect(received.hash == sent.hash)
        #expect(received.findings.isEmpty)
    }

    @Test("Nobody gets a message again whose device was not in its slots")
    func askAgainByOthers() async throws {
        let world = try TestWorld()
        let registration = try await world.register("bob")
        let (ann, eve) = (try await world.register("ann").messenger, try await world.register("eve").messenger)
        _ = try await ann.send("For Bob", to: "bob")
        let bobID = registration.messenger.userID
        let text = try #require(world.server.state.withLock { $0.users[bobID]?.inbox.first?.message })
        let envelope = EnvelopeHash(of: try #require(EnvelopeText.envelope(text)))
        let tablet = try await world.logIn("bob", device: "tablet")
        let request = try await registration.messenger.linkRequest(try await tablet.beginLinking(deviceName: "tablet").text)
        try await world.approve(request, by: registration.messenger)
        _ = try await tablet.finishLinking()
        _ = try await eve.send(.askAgain(envelope), to: "ann")
        _ = try await tablet.send(.askAgain(envelope), to: "ann")
        _ = try await ann.receive()
        #expect(try await eve.receive() == 0)
        _ = try await tablet.receive()
        #expect(try await tablet.unacknowledged().isEmpty)
    }
}

import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization
import Testing

@testable import MessengerClient

@Suite("One request for all members of a group", .timeLimit(.minutes(2)))
struct GroupOutboxTests {
    private struct Send: Decodable {
        struct Item: Decodable {
            let receiverID: Int64
            enum CodingKeys: String, CodingKey { case receiverID = "receiver_id" }
        }

        let messages: [Item]
        let clientMessageID: String
        enum CodingKeys: String, CodingKey {
            case messages
            case clientMessageID = "client_message_id"
        }
    }

    private final class Sends: Sendable {
        let bodies = Mutex<[[UInt8]]>([])

        func watch(_ world: TestWorld, fault: @escaping @Sendable (Int) -> ServerDouble.Fault = { _ in .none }) {
            world.server.set { hooks in
                hooks.fault = { [self] request in
                    guard request.method == "POST", request.path == "/api/messages/" else { return .none }
                    return fault(
                        bodies.withLock { bodies in
                            bodies.append(request.body ?? [])
                            return bodies.count
                        })
                }
            }
        }

        var all: [Send] {
            get throws { try bodies.withLock { $0 }.map { try JSONDecoder().decode(Send.self, from: Data($0)) } }
        }
    }

    @Test("A message goes to all in one request, and after a lost answer as the same bytes")
    func oneRequest() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        let sends = Sends()
        sends.watch(world) { $0 == 1 ? .loseAnswer : .none }
        let claimed = world.server.state.withLock { $0.claimed }
        #expect(try await ann.send("Once", in: group).delivery == .waiting)
        #expect(try await ann.flush() == 0)
        let all = try sends.all
        #expect(
            all.map { Set($0.messages.map(\.receiverID)) }
                == Array(repeating: [bob.userID.rawValue, eve.userID.rawValue], count: 2))
        #expect(Set(sends.bodies.withLock { $0 }).count == 1)
        #expect(world.server.state.withLock { $0.claimed } == claimed, "one-time keys are for two")
        for person in [bob, eve] {
            _ = try await person.receive()
            #expect(try await person.texts() == ["Once"])
        }
    }

    @Test("When one member's keys were stale, all is sealed anew under the same name")
    func staleKeys() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        world.time.jump(by: .seconds(25 * 3600))
        for person in [bob, eve] { _ = try await person.receive() }
        let sends = Sends()
        sends.watch(world)
        #expect(try await ann.send("Fresh", in: group).delivery == .accepted)
        let all = try sends.all
        #expect(all.count == 2)
        #expect(Set(all.map(\.clientMessageID)).count == 1)
        for person in [bob, eve] {
            _ = try await person.receive()
            #expect(try await person.texts() == ["Fresh"])
        }
    }

    @Test("A member who does not exist any more is passed over, and said to be")
    func unknownReceiver() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        _ = try await bob.receive()
        world.server.state.withLock { $0.users[eve.userID] = nil }
        let sent = try await ann.send("To whoever is left", in: group)
        #expect(sent.delivery == .accepted)
        #expect(sent.passedOver == ["eve"])
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["To whoever is left"])
    }

    @Test("A full inbox holds up its owner alone, who gets all later and in order")
    func fullReceiver() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        world.server.state.withLock { $0.full = [eve.userID] }
        for text in ["one", "two"] { #expect(try await ann.send(text, in: group).delivery == .accepted) }
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["one", "two"])
        #expect(try await ann.flush() == 2)
        world.server.state.withLock { $0.full = [] }
        #expect(try await ann.flush() == 0)
        _ = try await eve.receive()
        #expect(try await eve.texts() == ["one", "two"])
        #expect(try await eve.unacknowledged().allSatisfy(\.findings.isEmpty))
    }

    @Test("What waited is sealed to nobody who was removed meanwhile")
    func removedWhileWaiting() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        for person in [bob, eve] { _ = try await person.receive() }
        // The log is looked at before anything is sealed, and cannot be now.
        world.time.jump(by: .seconds(61))
        world.server.set { hooks in hooks.fault = { _ in .loseRequest } }
        #expect(try await bob.send("Waits", in: group).delivery == .waiting)
        world.server.set { hooks in hooks.fault = { _ in .none } }
        _ = try await ann.remove("eve", from: group)
        _ = try await bob.receive()
        #expect(try await bob.flush() == 0)
        for person in [ann, eve] { _ = try await person.receive() }
        #expect(try await ann.texts() == ["Waits"])
        #expect(try await ann.unacknowledged().allSatisfy(\.findings.isEmpty))
        #expect(try await eve.texts().isEmpty)
    }

    @Test("A group that is too large, or a long text in a large one, is refused in words")
    func limits() async throws {
        let world = try TestWorld()
        let (ann, _, _) = try await world.annBobAndEve()
        await #expect(throws: MessengerError.self) { try await ann.createGroup("", members: ["bob"]) }
        await #expect(throws: MessengerError.unknownUser("nobody")) { try await ann.createGroup("Lake", members: ["nobody"]) }
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        #expect(try await ann.send(String(repeating: "x", count: 5000), in: group).delivery == .accepted)
        let (short, long) = (
            MessageContent.text(String(repeating: "x", count: 4000)), MessageContent.text(String(repeating: "x", count: 5000))
        )
        #expect(!Messenger.isTooLong(short, for: 33))
        #expect(!Messenger.isTooLong(long, for: 32))
        #expect(Messenger.isTooLong(long, for: 33))
    }
}

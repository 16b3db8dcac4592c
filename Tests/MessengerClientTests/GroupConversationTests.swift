import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("Several people write in a group", .timeLimit(.minutes(2)))
struct GroupConversationTests {
    @Test("Everybody gets what anybody writes, and the ticks wait for the last of them")
    func texts() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"])
        #expect(group.members.map(\.username) == ["ann", "bob", "eve"])
        #expect(group.members.map(\.role) == [.admin, .member, .member])
        #expect(group.isPostQuantum && !group.isVerified)
        let sent = try await ann.send("Who comes?", in: group.id)
        #expect(sent.delivery == .accepted)
        for person in [bob, eve] {
            _ = try await person.receive()
            let received = try await person.unacknowledged()
            #expect(received.map(\.group) == [group.id, group.id])
            #expect(received.map(\.text) == [nil, "Who comes?"])
            #expect(received.first?.groupEvents == [.created, .renamed("Lake")])
            #expect(received.allSatisfy { $0.findings.isEmpty && $0.sender == "ann" && $0.conversationWith == nil })
            #expect(try await person.group(group.id).members == group.members.map { person.seen($0) })
            #expect(try await person.conversations().map(\.title) == ["Lake"])
            #expect(try await person.history(with: "ann").isEmpty)
        }
        _ = try await ann.receive()
        #expect(try await ann.history(of: group.id).last?.delivery == .delivered)
        try await bob.markRead([sent.hash])
        _ = try await ann.receive()
        #expect(try await ann.history(of: group.id).last?.delivery == .delivered)
        try await eve.markRead([sent.hash])
        _ = try await ann.receive()
        #expect(try await ann.history(of: group.id).last?.delivery == .read)
    }

    @Test("Replies, edits, deletions and reactions show in the history of all")
    func amendments() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        let first = try await ann.send("Helo", in: group)
        let second = try await ann.send("Forget this", in: group)
        _ = try await bob.receive()
        _ = try await bob.reply("Hi", to: first.hash)
        _ = try await ann.edit(first.hash, text: "Hello")
        _ = try await ann.delete(second.hash)
        _ = try await bob.react("👍", to: first.hash)
        _ = try await eve.receive()
        _ = try await eve.send(.edit(of: first.hash, text: "Eve's"), in: group)
        for person in [ann, bob, eve] {
            _ = try await person.receive()
            let history = try await person.history(of: group).dropFirst()
            #expect(history.map(\.text) == ["Hello", nil, "Hi"])
            #expect(history.map(\.isDeleted) == [false, true, false])
            #expect(history.last?.replyTo == first.hash)
            #expect(history.first?.reactions == [Reaction(sender: "bob", emoji: "👍")])
        }
    }

    @Test("Who is taken in reads what comes from then on, who is taken out nothing more")
    func membership() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob"]).id
        _ = try await ann.send("Before Eve", in: group)
        _ = try await ann.add("eve", to: group)
        _ = try await ann.send("Welcome", in: group)
        for person in [bob, eve] { _ = try await person.receive() }
        #expect(try await bob.texts() == ["Before Eve", "Welcome"])
        #expect(try await eve.texts() == ["Welcome"])
        #expect(try await eve.unacknowledged().allSatisfy(\.findings.isEmpty))
        #expect(try await bob.history(of: group).flatMap(\.groupEvents) == [.created, .renamed("Lake"), .added("eve")])
        _ = try await ann.remove("bob", from: group)
        _ = try await ann.send("Without Bob", in: group)
        for person in [bob, eve] { _ = try await person.receive() }
        #expect(try await bob.texts() == ["Before Eve", "Welcome"])
        #expect(try await eve.texts() == ["Welcome", "Without Bob"])
        #expect(try await !bob.group(group).isMember)
        await #expect(throws: MessengerError.notInGroup("Lake")) { try await bob.send("Let me in", in: group) }
        _ = try await ann.add("bob", to: group)
        _ = try await eve.receive()
        _ = try await eve.send("Bob is back", in: group)
        _ = try await bob.receive()
        #expect(try await bob.texts().last == "Bob is back")
        #expect(try await bob.unacknowledged().allSatisfy(\.findings.isEmpty))
    }

    @Test("Admins name, promote and remove; others only leave; the last admin stays")
    func rights() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        _ = try await bob.receive()
        await #expect(throws: MessengerError.notAdmin) { try await bob.remove("eve", from: group) }
        await #expect(throws: MessengerError.notAdmin) { try await bob.rename(group, to: "Bob's") }
        await #expect(throws: MessengerError.self) { try await ann.leave(group) }
        _ = try await ann.setRole(.admin, of: "bob", in: group)
        _ = try await bob.receive()
        #expect(try await bob.rename(group, to: "Bob's").name == "Bob's")
        _ = try await ann.receive()
        #expect(try await ann.group(group).name == "Bob's")
        try await ann.leave(group)
        for person in [bob, eve] {
            _ = try await person.receive()
            #expect(try await person.group(group).members.map(\.username) == ["bob", "eve"])
            #expect(try await person.unacknowledged().allSatisfy(\.findings.isEmpty))
            #expect(try await person.group(group).name == "Bob's")
        }
        #expect(try await !ann.group(group).isMember)
        await #expect(throws: MessengerError.notFound) { try await ann.send("?", in: .zero) }
    }

    @Test("A device that was linked later learns of a group with the first message in it")
    func laterDevice() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let registration = try await world.register("bob")
        let group = try await ann.createGroup("Lake", members: ["bob"]).id
        _ = try await registration.messenger.receive()
        let tablet = try await world.logIn("bob", device: "tablet", recovery: registration.recoverySecret)
        world.time.jump(by: .seconds(61))
        _ = try await ann.send("To both", in: group)
        _ = try await tablet.receive()
        #expect(try await tablet.unacknowledged().map(\.findings) == [[.conversation, .content]])
        for device in [ann, registration.messenger, tablet] { _ = try await device.receive() }
        // It also asks for what was in flight when it took its place: the beginning of the group.
        let received = try await tablet.unacknowledged()
        #expect(received.compactMap(\.text) == ["To both"])
        #expect(received.map(\.findings).allSatisfy { $0.isEmpty })
        #expect(try await tablet.group(group).name == "Lake")
        _ = try await tablet.send("From the tablet", in: group)
        for device in [ann, registration.messenger] {
            _ = try await device.receive()
            #expect(try await device.texts().last == "From the tablet")
        }
    }

    @Test("A restored device knows its groups")
    func backup() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let bob = try await world.register("bob").messenger
        let group = try await registration.messenger.createGroup("Lake", members: ["bob"]).id
        _ = try await registration.messenger.send("Before", in: group)
        let path = world.location("backup").folder
        try await registration.messenger.backup(to: path, recovery: registration.recoverySecret)
        await registration.messenger.close()
        let phone = try await world.logIn("ann", device: "phone", recovery: registration.recoverySecret)
        #expect(try await phone.restore(from: path, recovery: registration.recoverySecret) == 2)
        #expect(try await phone.group(group).name == "Lake")
        #expect(try await phone.history(of: group).map(\.text) == [nil, "Before"])
        _ = try await phone.send("After", in: group)
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["Before", "After"])
        #expect(try await bob.unacknowledged().allSatisfy(\.findings.isEmpty))
    }
}

extension TestWorld {
    func annBobAndEve() async throws -> (ann: Messenger, bob: Messenger, eve: Messenger) {
        let (ann, bob) = try await annAndBob()
        return (ann, bob, try await register("eve").messenger)
    }
}

extension Messenger {
    /// A member as this person sees it.
    fileprivate nonisolated func seen(_ member: GroupPerson) -> GroupPerson {
        GroupPerson(
            username: member.username, account: member.account, role: member.role, isMe: member.username == username,
            isVerified: member.isVerified, isPostQuantum: member.isPostQuantum, deviceCount: member.deviceCount)
    }
}

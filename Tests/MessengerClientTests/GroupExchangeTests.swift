import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization
import Testing

@testable import MessengerClient

@Suite("Members of a group who know different changes", .timeLimit(.minutes(2)))
struct GroupExchangeTests {
    private static func state(_ person: Messenger, _ group: ConversationID) async throws -> GroupStateHash? {
        try await person.parts.store.group(group)?.state.hash
    }

    private static func settle(_ people: [Messenger]) async throws {
        for _ in 0..<4 { for person in people { _ = try await person.receive() } }
    }

    @Test("Changes made at once end in one state for all, whoever heard of them first")
    func concurrent() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let dan = try await world.register("dan").messenger
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        _ = try await ann.setRole(.admin, of: "bob", in: group)
        for person in [bob, eve] { _ = try await person.receive() }
        _ = try await ann.add("dan", to: group)
        _ = try await bob.remove("eve", from: group)
        try await Self.settle([ann, bob, eve, dan])
        let members = try await ann.group(group).members.map(\.username)
        #expect(!members.contains("eve"))
        for person in [bob, dan] where members.contains(person.username) {
            #expect(try await Self.state(person, group) == Self.state(ann, group), "\(person.username)")
        }
        #expect(try await !eve.group(group).isMember)
    }

    @Test("What somebody changes while he is removed is void for all")
    func removedAuthor() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let dan = try await world.register("dan").messenger
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        _ = try await ann.setRole(.admin, of: "bob", in: group)
        for person in [bob, eve] { _ = try await person.receive() }
        _ = try await bob.add("dan", to: group)
        _ = try await ann.remove("bob", from: group)
        try await Self.settle([ann, bob, eve, dan])
        for person in [ann, eve] {
            #expect(try await person.group(group).members.map(\.username) == ["ann", "eve"])
        }
        #expect(try await Self.state(ann, group) == Self.state(eve, group))
        _ = try await eve.send("Just us", in: group)
        try await Self.settle([ann, bob, dan])
        #expect(try await ann.texts() == ["Just us"])
        #expect(try await bob.texts().isEmpty)
        #expect(try await dan.texts().isEmpty)
    }

    @Test("A removed device, in whoever's hands, lets nobody into a group")
    func stolenDevice() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        let tablet = try await world.logIn("ann", device: "tablet", recovery: registration.recoverySecret)
        let bob = try await world.register("bob").messenger
        let eve = try await world.register("eve").messenger
        let group = try await ann.createGroup("Lake", members: ["bob"]).id
        for device in [bob, tablet] { _ = try await device.receive() }
        let stolen = try tablet.parts.profile.fingerprint()
        let state = try #require(await tablet.parts.store.group(group)).state
        let change = try #require(
            try state.change(
                .add(eve.parts.profile.certifiedAccount()), by: tablet.parts.profile.certifiedAccount(), device: stolen))
        let server = try await tablet.directory.own().chain.server
        let signed = try Signed(change, by: tablet.parts.profile.deviceKey, server: server)
        try await ann.revoke(stolen)
        world.time.jump(by: .seconds(61))
        _ = try await eve.receive()
        let update = GroupUpdate(group: group, changes: [signed], people: ["ann", "bob", "eve"])
        let draft = try await eve.draft(.group(update), to: eve.receiver("bob")).draft
        _ = try await eve.parts.store.enqueue(draft, goesOut: true)
        #expect(try await eve.flush() == 0)
        #expect(try await bob.receive() > 0)
        #expect(try await bob.group(group).members.map(\.username) == ["ann", "bob"])
    }

    @Test(
        "A change that the server hides shows as another state with the next message, and is asked for before anything is sealed")
    func hiddenChange() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        for person in [bob, eve] { _ = try await person.receive() }
        let before = world.server.state.withLock { $0.users[bob.userID]?.inbox.last?.messageID }
        _ = try await ann.remove("eve", from: group)
        // Bob does not get the removal, and goes on writing to Eve.
        world.server.state.withLock { state in
            state.users[bob.userID]?.inbox.removeAll { $0.messageID > (before ?? .zero) }
        }
        _ = try await ann.send("Just us", in: group)
        _ = try await bob.receive()
        let received = try await bob.unacknowledged().last
        #expect(received?.findings == [.content, .gap])
        #expect(received?.text == "Just us")
        #expect(try await bob.send("What?", in: group).delivery == .waiting, "nothing is sealed before the exchange")
        try await Self.settle([ann, bob, eve])
        #expect(try await Self.state(ann, group) == Self.state(bob, group))
        #expect(try await bob.unacknowledged().last?.findings == [.gap])
        #expect(try await ann.texts() == ["What?"])
        #expect(try await eve.texts().isEmpty)
    }

    @Test("Somebody who never answers holds nobody up for longer than a minute")
    func silence() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        for person in [bob, eve] { _ = try await person.receive() }
        let before = world.server.state.withLock { $0.users[bob.userID]?.inbox.last?.messageID }
        _ = try await ann.rename(group, to: "Sea")
        _ = try await ann.setRole(.admin, of: "eve", in: group)
        world.server.state.withLock { state in
            state.users[bob.userID]?.inbox.removeAll { $0.messageID > (before ?? .zero) }
        }
        _ = try await ann.send("And?", in: group)
        _ = try await bob.receive()
        #expect(try await bob.send("What?", in: group).delivery == .waiting)
        world.time.jump(by: .seconds(61))
        #expect(try await bob.flush() == 0)
    }

    @Test("Nobody but an admin changes a group, whatever he signs, and nobody is put into a group that he is not in")
    func forgedChange() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        _ = try await world.register("dan")
        let group = try await ann.createGroup("Lake", members: ["bob"]).id
        _ = try await bob.receive()
        let record = try #require(try await bob.parts.store.groupRecord(group))
        let server = try await bob.log.server()
        let me = try bob.parts.profile.certifiedAccount()
        let device = try bob.parts.profile.fingerprint()
        let forged = try #require(
            GroupChange(
                epoch: 1, previous: record.state.head, author: me, device: device, action: .setRole(me),
                members: record.state.members.map { GroupMember(account: $0.account, role: .admin) }))
        let signed = try Signed(forged, by: bob.parts.profile.deviceKey, server: server)
        _ = try await bob.send(.group(GroupUpdate(group: group, changes: [signed], people: ["bob"])), to: "ann")
        _ = try await bob.send(.group(GroupUpdate(changes: [signed], people: ["bob"])), in: group)
        let name = try #require(
            GroupName(group: group, head: record.state.head, revision: 9, author: me, device: device, text: "Bob's"))
        let signedName = try Signed(name, by: bob.parts.profile.deviceKey, server: server)
        _ = try await bob.send(.group(GroupUpdate(name: signedName, people: ["bob"])), in: group)
        _ = try await ann.receive()
        #expect(try await ann.group(group).members.map(\.role) == [.admin, .member])
        #expect(try await ann.group(group).name == "Lake")
        // Eve is told of a group that she is not in, and asked what she has.
        let all = try await ann.parts.store.groupRecord(group)?.ordered ?? []
        _ = try await ann.send(.group(GroupUpdate(group: group, changes: all, people: ["ann", "bob"], have: [])), to: "eve")
        _ = try await eve.receive()
        #expect(try await eve.groups().isEmpty)
        _ = try await eve.send(.group(GroupUpdate(group: group, have: [], asks: try ann.parts.profile.fingerprint())), to: "ann")
        let count = world.server.state.withLock { $0.users[eve.userID]?.inbox.count }
        _ = try await ann.receive()
        #expect(world.server.state.withLock { $0.users[eve.userID]?.inbox.count } == count, "a stranger gets no answer")
    }

    @Test("An envelope of a group that is delivered again, or to somebody else, shows nothing; nor does one from outside")
    func replayed() async throws {
        let world = try TestWorld()
        let (ann, bob, eve) = try await world.annBobAndEve()
        let group = try await ann.createGroup("Lake", members: ["bob"]).id
        let other = try await ann.createGroup("Sea", members: ["bob", "eve"]).id
        _ = try await ann.send("In the lake", in: group)
        let envelope = try #require(world.server.state.withLock { $0.users[bob.userID]?.inbox.last?.message })
        world.server.state.withLock { state in
            guard let sender = state.users[ann.userID] else { return }
            state.deliver(envelope, from: sender, to: bob.userID)
            state.deliver(envelope, from: sender, to: eve.userID)
        }
        for person in [bob, eve] { _ = try await person.receive() }
        #expect(try await bob.texts() == ["In the lake"])
        #expect(try await eve.texts().isEmpty)
        // Eve writes as if she were in the other group.
        let state = try #require(try await bob.parts.store.group(group)?.state)
        var draft = try await eve.draft(.text("From outside"), to: try await eve.directory.own()).draft
        draft.group = GroupDestination(state)
        let message = try draft.message(counter: 1, previous: .zero)
        let (recipient, _) = try await eve.directory.recipient(
            try await eve.directory.person(named: "bob"), SealingRequest())
        let sealer = EnvelopeSealer(server: try await eve.log.server(), deviceKey: eve.parts.profile.deviceKey)
        let sealed = try #require(try sealer.seal(message, to: [recipient]).first)
        world.server.state.withLock { state in
            guard let sender = state.users[eve.userID] else { return }
            state.deliver(EnvelopeText.text(sealed.bytes), from: sender, to: bob.userID)
        }
        _ = try await bob.receive()
        #expect(try await bob.unacknowledged().last?.findings == [.conversation])
        #expect(try await bob.history(of: other).map(\.text) == [nil])
    }
}

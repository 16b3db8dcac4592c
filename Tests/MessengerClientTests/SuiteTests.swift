import KeyLog
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("Devices that are new, or not post-quantum", .timeLimit(.minutes(2)))
struct SuiteTests {
    private static func classical(_ configuration: inout MessengerConfiguration) { configuration.suite = .x25519 }

    @Test("Before the first message to a verified contact with a classical device the person decides, once for each device")
    func mixedSet() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let registration = try await world.register("bob", change: Self.classical)
        let bob = registration.messenger
        // Nobody promised anything about somebody who was never compared.
        #expect(try await ann.send("Hello", to: "bob").delivery == .accepted)
        #expect(try await ann.contact("bob").isPostQuantum == false)
        #expect(try await bob.contact("ann").isPostQuantum == false)
        #expect(try await ann.conversations().map(\.isPostQuantum) == [false])
        try await ann.markVerified("bob")
        await #expect(throws: MessengerError.notPostQuantum("bob")) { try await ann.send("Secret", to: "bob") }
        #expect(try await ann.flush() == 0)
        try await ann.acceptClassicalDevices(with: "bob")
        #expect(try await ann.send("Secret", to: "bob").delivery == .accepted)
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["Hello", "Secret"])
        // The receipt for a message from him is no message of the person.
        _ = try await bob.send("Thanks", to: "ann")
        _ = try await world.logIn("bob", device: "browser", recovery: registration.recoverySecret, change: Self.classical)
        world.time.jump(by: .seconds(120))
        _ = try await ann.receive()
        await #expect(throws: MessengerError.notPostQuantum("bob")) { try await ann.send("Again?", to: "bob") }
        try await ann.markRead(try await ann.unacknowledged().compactMap(\.hash))
    }

    @Test("In a group each verified member is asked about as in a conversation of two")
    func mixedGroup() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let bob = try await world.register("bob", change: Self.classical).messenger
        _ = try await world.register("eve", change: Self.classical)
        let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
        #expect(try await ann.send("Hello", in: group).delivery == .accepted)
        try await ann.markVerified("bob")
        await #expect(throws: MessengerError.notPostQuantum("bob")) { try await ann.send("Secret", in: group) }
        #expect(try await ann.flush() == 0)
        try await ann.acceptClassicalDevices(in: group)
        #expect(try await ann.send("Secret", in: group).delivery == .accepted)
        _ = try await ann.send("You alone", to: "bob")
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["Hello", "Secret", "You alone"])
        try await ann.markVerified("eve")
        await #expect(throws: MessengerError.notPostQuantum("eve")) { try await ann.send("All?", in: group) }
        try await ann.acceptClassicalDevices(with: "eve")
        #expect(try await ann.send("All", in: group).delivery == .accepted)
    }

    @Test("One's own classical device makes the conversation classical too")
    func ownDevice() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        _ = try await world.register("bob")
        #expect(try await ann.contact("bob").isPostQuantum)
        try await ann.markVerified("bob")
        _ = try await ann.send("One", to: "bob")
        _ = try await world.logIn("ann", device: "browser", recovery: registration.recoverySecret, change: Self.classical)
        world.time.jump(by: .seconds(120))
        _ = try await ann.receive()
        #expect(try await ann.contact("bob").isPostQuantum == false)
        await #expect(throws: MessengerError.notPostQuantum("bob")) { try await ann.send("Two", to: "bob") }
    }

    @Test("A contact's new device is told with the next message to them, and once")
    func newDeviceOfContact() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let registration = try await world.register("bob")
        #expect(try await ann.send("One", to: "bob").newDevices.isEmpty)
        let browser = try await world.logIn(
            "bob", device: "browser", recovery: registration.recoverySecret, change: Self.classical)
        world.time.jump(by: .seconds(120))
        let sent = try await ann.send("Two", to: "bob")
        let added = try #require(try await browser.devices().first { $0.isThisDevice })
        #expect(sent.newDevices.map(\.fingerprint) == [added.fingerprint])
        #expect(sent.newDevices.map(\.isPostQuantum) == [false])
        #expect(try await ann.send("Three", to: "bob").newDevices.isEmpty)
    }

    @Test("A member's new device is told with the next message to the group, and once")
    func newDeviceOfMember() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let registration = try await world.register("bob")
        let group = try await ann.createGroup("Lake", members: ["bob"]).id
        #expect(try await ann.send("One", in: group).newDevices.isEmpty)
        let tablet = try await world.logIn("bob", device: "tablet", recovery: registration.recoverySecret)
        world.time.jump(by: .seconds(120))
        let added = try #require(try await tablet.devices().first { $0.isThisDevice })
        #expect(try await ann.send("Two", in: group).newDevices.map(\.fingerprint) == [added.fingerprint])
        #expect(try await ann.send("Three", in: group).newDevices.isEmpty)
    }

    @Test("The other devices are told of a new one of their own, and for a day it is shown as new")
    func newDeviceOfOneself() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        _ = try await ann.receive()
        var events = ann.events.makeAsyncIterator()
        let thief = try await world.logIn("ann", device: "thief", recovery: registration.recoverySecret)
        _ = try await ann.receive()
        let new = try #require(try await ann.devices().first { !$0.isThisDevice })
        #expect(new.newUntil != nil)
        #expect(try await ann.devices().first { $0.isThisDevice }?.newUntil == nil)
        guard case .newDevices(of: "ann", let told) = await events.next() else {
            Issue.record("The device was not told of.")
            return
        }
        #expect(told.map(\.fingerprint) == [new.fingerprint])
        #expect(try await thief.devices().allSatisfy { $0.newUntil == nil })
        world.time.jump(by: .seconds(25 * 3600))
        #expect(try await ann.devices().allSatisfy { $0.newUntil == nil })
    }
}

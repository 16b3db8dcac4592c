import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("Two people write to each other", .timeLimit(.minutes(2)))
struct ConversationTests {
    @Test("A text arrives with its verified sender, and its receipt comes back")
    func textAndReceipt() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let sent = try await ann.send("Hello Bob", to: "bob")
        #expect(sent.delivery == .accepted)
        #expect(sent.skippedDevices.isEmpty)
        #expect(try await bob.receive() == 1)
        let received = try #require(try await bob.unacknowledged().first)
        #expect(received.text == "Hello Bob")
        #expect(received.sender == "ann")
        #expect(!received.isFromMe)
        #expect(received.hash == sent.hash)
        #expect(received.findings.isEmpty)
        _ = try await ann.receive()
        #expect(try await ann.history(with: "bob").last?.delivery == .delivered)
        try await bob.markRead([sent.hash])
        _ = try await ann.receive()
        #expect(try await ann.history(with: "bob").last?.delivery == .read)
    }

    @Test("Replies, edits, deletions and reactions show in the history of both")
    func amendments() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let first = try await ann.send("Helo", to: "bob")
        let second = try await ann.send("Forget this", to: "bob")
        _ = try await bob.receive()
        let reply = try await bob.reply("Hi", to: first.hash)
        _ = try await ann.edit(first.hash, text: "Hello")
        _ = try await ann.delete(second.hash)
        _ = try await bob.react("👍", to: first.hash)
        _ = try await bob.receive()
        _ = try await ann.receive()
        for (me, other) in [(ann, "bob"), (bob, "ann")] {
            let history = try await me.history(with: other)
            #expect(history.map(\.text) == ["Hello", nil, "Hi"])
            #expect(history.map(\.isEdited) == [true, false, false])
            #expect(history.map(\.isDeleted) == [false, true, false])
            #expect(history[2].replyTo == first.hash)
            #expect(history[2].hash == reply.hash)
            #expect(history[0].reactions == [Reaction(sender: "bob", emoji: "👍")])
        }
        await #expect(throws: MessengerError.notFound) { try await ann.edit(reply.hash, text: "not mine") }
    }

    @Test("A stranger's edit of somebody else's message changes nothing")
    func foreignEdit() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let sent = try await ann.send("Mine", to: "bob")
        _ = try await bob.receive()
        _ = try await bob.send(.edit(of: sent.hash, text: "Yours"), to: "ann")
        _ = try await bob.send(.delete(of: sent.hash), to: "ann")
        _ = try await ann.receive()
        #expect(try await ann.history(with: "bob").map(\.text) == ["Mine"])
    }

    @Test("Messages come as they arrive, and those acknowledged do not come again, also after a restart")
    func stream() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let listening = Task {
            var texts: [String] = []
            for try await message in bob.messages {
                texts.append(message.text ?? "?")
                try await bob.acknowledge(message)
                if texts.count == 3 { break }
            }
            return texts
        }
        for text in ["one", "two", "three"] { _ = try await ann.send(text, to: "bob") }
        #expect(try await listening.value == ["one", "two", "three"])
        _ = try await ann.send("four", to: "bob")
        await bob.close()
        let again = try await Messenger.open(world.location("bob"), configuration: world.configuration)
        _ = try await again.receive()
        #expect(try await again.texts() == ["four"])
        await again.close()
        await ann.close()
    }

    @Test("A replaced stream ends the messages for good, with the reason")
    func replaced() async throws {
        let world = try TestWorld()
        let (_, bob) = try await world.annAndBob()
        var messages = bob.messages.makeAsyncIterator()
        world.server.endStreams(of: bob.userID, with: "replaced")
        await #expect(throws: MessengerError.replaced) { _ = try await messages.next() }
        await #expect(throws: MessengerError.replaced) { _ = try await messages.next() }
        await bob.close()
        #expect(try await messages.next() == nil)
    }

    @Test("A note to oneself stays on the only device")
    func note() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        let sent = try await ann.send("Buy milk", to: "ann")
        #expect(sent.delivery == .accepted)
        #expect(try await ann.history(with: "ann").map(\.text) == ["Buy milk"])
    }

    @Test("Who is not there, or has no keys, is told apart")
    func unknown() async throws {
        let world = try TestWorld()
        let ann = try await world.register("ann").messenger
        await #expect(throws: MessengerError.unknownUser("nobody")) { try await ann.send("?", to: "nobody") }
    }

    @Test("Conversations are listed with the last text and what is new in them")
    func conversations() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        for text in ["one", "two"] { _ = try await ann.send(text, to: "bob") }
        _ = try await bob.receive()
        let summary = try #require(try await bob.conversations().first)
        #expect(summary.username == "ann")
        #expect(summary.lastText == "two")
        #expect(summary.unacknowledged == 2)
        #expect(!summary.isVerified)
        try await bob.markVerified("ann")
        #expect(try await bob.conversations().first?.isVerified == true)
        let (bobs, anns) = (try await bob.safetyNumber(with: "ann"), try await ann.safetyNumber(with: "bob"))
        #expect(bobs == anns)
    }
}

import Foundation
import MessengerAPI
import MessengerClient
import MessengerCrypto
import TestSupport
import Testing

@Suite("Against a whole server", .timeLimit(.minutes(3)))
struct WholeServerTests {
    private static let password = "correct horse battery"

    private static func register(_ name: String, on server: TestServer) async throws -> Registration {
        try await Messenger.register(
            username: name, phoneNumber: "+1 555 \(name)", password: password, at: try ServerAddress(server.url),
            store: StoreLocation(folder: server.folder.path + "/client-" + name))
    }

    @Test("Two people write over the live stream, a tablet is linked and revoked")
    func everything() async throws {
        try await TestServer.run { server in
            let ann = try await Self.register("ann", on: server).messenger
            let bob = try await Self.register("bob", on: server).messenger
            let listening = Task { () -> ReceivedMessage? in
                for try await message in bob.messages {
                    try await bob.acknowledge(message)
                    return message
                }
                return nil
            }
            let sent = try await ann.send("Hello", to: "bob")
            #expect(sent.delivery == .accepted)
            let first = try await listening.value
            #expect(first?.text == "Hello")
            #expect(first?.findings.isEmpty == true)
            try await eventually("the delivered receipt") {
                _ = try await ann.receive()
                return try await ann.history(with: "bob").last?.delivery == .delivered
            }
            let tablet = try await Messenger.logIn(
                username: "bob", password: Self.password, at: try ServerAddress(server.url),
                store: StoreLocation(folder: server.folder.path + "/client-tablet"))
            let code = try await tablet.beginLinking(deviceName: "tablet")
            let request = try await bob.linkRequest(code.text)
            try await bob.approve(request)
            #expect(try await tablet.finishLinking())
            try await bob.sendHistory(to: request)
            #expect(try await tablet.receiveHistory() == .received(1))
            #expect(try await tablet.history(with: "ann").map(\.text) == ["Hello"])
            _ = try await ann.send("Both", to: "bob")
            _ = try await tablet.receive()
            #expect(try await tablet.unacknowledged().map(\.text) == ["Both"])
            let lost = try #require(try await tablet.devices().first { $0.isThisDevice })
            try await bob.revoke(lost.fingerprint)
            #expect(try await ann.send("One", to: "bob").delivery == .accepted)
            try await eventually("the last message") { try await bob.history(with: "ann").last?.text == "One" }
            await #expect(throws: MessengerError.self) { try await tablet.receive() }
            for client in [ann, bob, tablet] { await client.close() }
        }
    }

    @Test("Three people write in a group over a whole server, one is taken out, one leaves")
    func group() async throws {
        try await TestServer.run { server in
            let ann = try await Self.register("ann", on: server).messenger
            let bob = try await Self.register("bob", on: server).messenger
            let eve = try await Self.register("eve", on: server).messenger
            let group = try await ann.createGroup("Lake", members: ["bob", "eve"]).id
            let listening = Task { () -> ReceivedMessage? in
                for try await message in bob.messages where message.text != nil {
                    try await bob.acknowledge(message)
                    return message
                }
                return nil
            }
            #expect(try await ann.send("Who comes?", in: group).delivery == .accepted)
            let first = try await listening.value
            #expect(first?.text == "Who comes?")
            #expect(first?.group == group)
            #expect(first?.findings.isEmpty == true)
            _ = try await eve.receive()
            _ = try await eve.send("I do", in: group)
            try await eventually("Eve's answer") { try await bob.history(of: group).last?.text == "I do" }
            _ = try await ann.remove("eve", from: group)
            #expect(try await ann.send("Just us", in: group).delivery == .accepted)
            try await eventually("the last message") { try await bob.history(of: group).last?.text == "Just us" }
            #expect(try await bob.group(group).members.map(\.username) == ["ann", "bob"])
            _ = try await eve.receive()
            #expect(try await eve.history(of: group).compactMap(\.text) == ["Who comes?", "I do"])
            #expect(try await !eve.group(group).isMember)
            try await bob.leave(group)
            _ = try await ann.receive()
            #expect(try await ann.group(group).members.map(\.username) == ["ann"])
            for client in [ann, bob, eve] { await client.close() }
        }
    }

    /// Changes the log's key; how often that was done.
    private static func rotateLogKey(of server: TestServer) async throws -> Int {
        let now = Int64(Date.now.timeIntervalSince1970 * 1000)
        return try await server.backend.rotateLogKey(now: .init(milliseconds: now)).introductions.count
    }

    @Test("The log's key changes while people write, before and after they first meet it")
    func changedLogKey() async throws {
        try await TestServer.run { server in
            let ann = try await Self.register("ann", on: server).messenger
            #expect(try await Self.rotateLogKey(of: server) == 1)
            let bob = try await Self.register("bob", on: server).messenger
            #expect(try await ann.send("Hello", to: "bob").delivery == .accepted)
            #expect(try await Self.rotateLogKey(of: server) == 2)
            let eve = try await Self.register("eve", on: server).messenger
            #expect(try await eve.send("Me too", to: "bob").delivery == .accepted)
            _ = try await bob.receive()
            let received = try await bob.unacknowledged()
            #expect(received.map(\.text) == ["Hello", "Me too"] && received.allSatisfy(\.findings.isEmpty))
            for client in [ann, bob, eve] { await client.close() }
        }
    }

    @Test("A file crosses a whole server, and is gone once it has been deleted there")
    func file() async throws {
        try await TestServer.run { server in
            let ann = try await Self.register("ann", on: server).messenger
            let bob = try await Self.register("bob", on: server).messenger
            let content = Data((0..<1_300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
            let (file, target) = (server.folder.url.appending(path: "a.png"), server.folder.url.appending(path: "b.png"))
            try content.write(to: file)
            #expect(try await ann.send(file: file, to: "bob").delivery == .accepted)
            _ = try await bob.receive()
            let attachment = try #require(try await bob.attachments().first?.attachment)
            try await bob.download(attachment, to: target)
            #expect(try Data(contentsOf: target) == content)
            let blob = try #require(BlobID(text: attachment.blob))
            try await server.backend.deleteBlob(blob, by: ann.userID, now: .init(milliseconds: 0))
            await #expect(throws: MessengerError.attachmentGone) {
                try await bob.download(attachment, to: server.folder.url.appending(path: "c.png"))
            }
            for client in [ann, bob] { await client.close() }
        }
    }
}

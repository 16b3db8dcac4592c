import Foundation
import TestSupport
import Testing

@testable import MessengerClient

@Suite("Files in groups", .timeLimit(.minutes(2)))
struct GroupFileTests {
    @Test("A file to a group is uploaded once, and every member can save it")
    func everybody() async throws {
        let scene = try await AttachmentScene(size: 40_000)
        let eve = try await scene.world.register("eve").messenger
        let group = try await scene.ann.createGroup("Lake", members: ["bob", "eve"]).id
        _ = try await scene.ann.setTimer(60, in: group)
        let sent = try await scene.ann.send(file: scene.file, in: group, text: "Look")
        #expect(sent.delivery == .accepted)
        #expect(scene.world.server.state.withLock { $0.blobs.count } == 1)
        for (person, name) in [(scene.bob, "bob's"), (eve, "eve's")] {
            _ = try await person.receive()
            let message = try #require(try await person.attachments().first)
            #expect(message.group == group && message.sender == "ann" && message.findings.isEmpty)
            #expect(message.expiresAfter == 60)
            let attachment = try #require(message.attachment)
            #expect(attachment.text == "Look")
            let target = scene.target.deletingLastPathComponent().appending(path: name)
            try await person.download(attachment, to: target)
            #expect(try Data(contentsOf: target) == scene.content)
        }
        // What has gone by itself cannot be saved any more.
        try await scene.bob.beginExpiry(of: [sent.hash])
        scene.world.time.jump(by: .seconds(61))
        #expect(try await scene.bob.attachments().isEmpty)
        #expect(try await eve.attachments().count == 1)
    }

    @Test("An upload that was interrupted goes on for the group; out of the group it is given up")
    func interrupted() async throws {
        let scene = try await AttachmentScene(size: 40_000)
        let group = try await scene.bob.createGroup("Lake", members: ["ann"]).id
        _ = try await scene.ann.receive()
        scene.world.server.set { hooks in hooks.fault = { AttachmentScene.isUpload($0) ? .loseRequest : .none } }
        for _ in 0..<2 {
            await #expect(throws: MessengerError.self) { try await scene.ann.send(file: scene.file, in: group) }
        }
        let pending = try await scene.ann.pendingUploads()
        #expect(pending.map(\.group) == [group, group] && pending.allSatisfy { $0.to == nil })
        try await scene.ann.cancelUpload(pending[0].id)
        scene.world.server.set { $0.fault = { _ in .none } }
        #expect(try await scene.ann.resumeUploads().count == 1)
        _ = try await scene.bob.receive()
        #expect(try await scene.bob.attachments().map(\.group) == [group])

        scene.world.server.set { hooks in hooks.fault = { AttachmentScene.isUpload($0) ? .loseRequest : .none } }
        await #expect(throws: MessengerError.self) { try await scene.ann.send(file: scene.file, in: group) }
        scene.world.server.set { $0.fault = { _ in .none } }
        _ = try await scene.bob.remove("ann", from: group)
        _ = try await scene.ann.receive()
        await #expect(throws: MessengerError.notInGroup("Lake")) { try await scene.ann.resumeUploads() }
        #expect(try await scene.ann.pendingUploads().isEmpty)
        await #expect(throws: MessengerError.notInGroup("Lake")) { try await scene.ann.send(file: scene.file, in: group) }
        #expect(scene.leftovers().isEmpty)
    }
}

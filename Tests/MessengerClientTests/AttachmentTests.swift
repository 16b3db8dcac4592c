import Foundation
import MessengerAPI
import MessengerCrypto
import Synchronization
import TestSupport
import Testing

@testable import MessengerClient

@Suite("Files", .timeLimit(.minutes(2)))
struct AttachmentTests {
    @Test("A file comes out as it went in, whatever its size", arguments: [0, 1, 16_384, 1_500_000])
    func sizes(_ size: Int) async throws {
        let scene = try await AttachmentScene(size: size)
        let sent = try await scene.ann.send(file: scene.file, to: "bob", text: "Look")
        #expect(sent.delivery == .accepted)
        let attachment = try await scene.received()
        #expect(attachment.name == "photo.jpg" && attachment.mediaType == "image/jpeg" && attachment.size == size)
        #expect(attachment.text == "Look")
        try await scene.bob.download(attachment, to: scene.target)
        #expect(try Data(contentsOf: scene.target) == scene.content)
        let mode = try FileManager.default.attributesOfItem(atPath: scene.target.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try await scene.ann.pendingUploads().isEmpty)
        #expect(scene.leftovers().isEmpty)
    }

    @Test("What the server keeps is not what was sent, and the same file is never sealed the same")
    func sealed() async throws {
        let scene = try await AttachmentScene(size: 100_000)
        for _ in 0..<2 { _ = try await scene.ann.send(file: scene.file, to: "bob") }
        let blobs = scene.world.server.state.withLock { $0.blobs.values.map(\.bytes) }
        #expect(blobs.count == 2 && blobs[0] != blobs[1])
        let part = Array(scene.content[500..<600])
        for blob in blobs { #expect(!Data(blob).contains(part)) }
    }

    @Test("Whichever request or answer is lost, the file and one message arrive", arguments: [true, false])
    func everyCut(losesAnswer: Bool) async throws {
        // Create, three pieces, and the send: one of them is lost each time.
        for lost in 0..<5 {
            let scene = try await AttachmentScene(size: 1_200_000)
            let count = Mutex(0)
            scene.world.server.set { hooks in
                hooks.fault = { request in
                    guard AttachmentScene.isUpload(request) || request.path == "/api/messages/" else { return .none }
                    let number = count.withLock { count in
                        defer { count += 1 }
                        return count
                    }
                    return number == lost ? (losesAnswer ? .loseAnswer : .loseRequest) : .none
                }
            }
            _ = try await scene.ann.send(file: scene.file, to: "bob")
            scene.world.server.set { $0.fault = { _ in .none } }
            _ = try await scene.ann.flush()
            let attachment = try await scene.received()
            try await scene.bob.download(attachment, to: scene.target)
            #expect(try Data(contentsOf: scene.target) == scene.content, "request \(lost)")
        }
    }

    @Test("An upload that was given up goes on after a restart where it was, though the file has changed")
    func restart() async throws {
        let scene = try await AttachmentScene(size: 1_500_000)
        let sent = Mutex(0)
        scene.world.server.set { hooks in
            hooks.fault = { request in
                guard request.method == "PATCH" else { return .none }
                return sent.withLock { sent in
                    defer { sent += 1 }
                    return sent < 2 ? .none : .loseRequest
                }
            }
        }
        await #expect(throws: MessengerError.self) { try await scene.ann.send(file: scene.file, to: "bob") }
        let there = scene.world.server.state.withLock { $0.blobs.values.first?.bytes.count }
        #expect(there == 2 * TransferPace.largestPiece)
        try Data("something else".utf8).write(to: scene.file)
        await scene.ann.close()
        let again = try await scene.reopened("ann")
        let pending = try await again.pendingUploads()
        #expect(pending.map(\.name) == ["photo.jpg"] && pending.map(\.to) == ["bob"])
        let steps = Mutex<[Int]>([])
        scene.world.server.set { $0.fault = { _ in .none } }
        #expect(try await again.resumeUploads { _, progress in steps.withLock { $0.append(progress.done) } }.count == 1)
        #expect(steps.withLock { $0.first } == there, "not from the beginning")
        #expect(try await again.resumeUploads().isEmpty)
        try await scene.bob.download(try await scene.received(), to: scene.target)
        #expect(try Data(contentsOf: scene.target) == scene.content)
        #expect(try await scene.bob.unacknowledged().count == 1)
    }

    @Test("A download that was given up goes on after a restart where it was")
    func downloadRestart() async throws {
        let scene = try await AttachmentScene(size: 1_500_000)
        _ = try await scene.ann.send(file: scene.file, to: "bob")
        let attachment = try await scene.received()
        let ranges = Mutex<[String]>([])
        scene.world.server.set { hooks in
            hooks.fault = { request in
                guard let range = request.headers["Range"] else { return .none }
                return ranges.withLock { ranges in
                    ranges.append(range)
                    return ranges.count < 2 ? .none : .loseAnswer
                }
            }
        }
        await #expect(throws: MessengerError.self) { try await scene.bob.download(attachment, to: scene.target) }
        #expect(!FileManager.default.fileExists(atPath: scene.target.path))
        await scene.bob.close()
        let again = try await scene.reopened("bob")
        ranges.withLock { $0 = [] }
        scene.world.server.set { hooks in
            hooks.fault = { request in
                if let range = request.headers["Range"] { ranges.withLock { $0.append(range) } }
                return .none
            }
        }
        try await again.download(attachment, to: scene.target)
        #expect(ranges.withLock { $0.first }?.hasPrefix("bytes=\(TransferPace.largestPiece)-") == true)
        #expect(try Data(contentsOf: scene.target) == scene.content)
    }

    @Test("A blob that was changed, cut or exchanged is refused, and nothing is written", arguments: 0..<5)
    func lies(_ lie: Int) async throws {
        let scene = try await AttachmentScene(size: 100_000)
        _ = try await scene.ann.send(file: scene.file, to: "bob")
        let attachment = try await scene.received()
        let original = try #require(scene.world.server.state.withLock { $0.blobs.first })
        let bytes = original.value.bytes
        let lies: [[UInt8]] = [
            [bytes[0] ^ 1] + bytes.dropFirst(), bytes.dropLast() + [bytes[bytes.count - 1] ^ 1],
            // Two whole chunks in each other's place.
            Array(bytes[..<56] + bytes[16_456..<32_856] + bytes[56..<16_456] + bytes[32_856...]),
            Array(repeating: 0, count: bytes.count), Array(bytes.dropLast(16_400)),
        ]
        scene.world.server.state.withLock {
            $0.blobs[original.key] = .init(user: original.value.user, length: lies[lie].count, bytes: lies[lie])
        }
        await #expect(throws: MessengerError.self) { try await scene.bob.download(attachment, to: scene.target) }
        #expect(!FileManager.default.fileExists(atPath: scene.target.path))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.target.deletingLastPathComponent().path).isEmpty)
        scene.world.server.state.withLock { $0.blobs[original.key] = original.value }
        try await scene.bob.download(attachment, to: scene.target)
        #expect(try Data(contentsOf: scene.target) == scene.content, "The next attempt begins anew.")
    }

    @Test("Nothing that is there is written over, and what is no file is not sent")
    func files() async throws {
        let scene = try await AttachmentScene(size: 10)
        _ = try await scene.ann.send(file: scene.file, to: "bob")
        let attachment = try await scene.received()
        try Data("mine".utf8).write(to: scene.target)
        await #expect(throws: MessengerError.file("\(scene.target.path) is there already.")) {
            try await scene.bob.download(attachment, to: scene.target)
        }
        #expect(try Data(contentsOf: scene.target) == Data("mine".utf8))
        let folder = scene.file.deletingLastPathComponent()
        for wrong in [folder, folder.appending(path: "none"), URL(filePath: "/dev/zero")] {
            await #expect(throws: MessengerError.self) { try await scene.ann.send(file: wrong, to: "bob") }
        }
        await #expect(throws: MessengerError.self) { try await scene.ann.send(file: scene.file, to: "nobody") }
        #expect(try await scene.ann.pendingUploads().isEmpty)
        #expect(scene.leftovers().isEmpty)
    }

    @Test("What the server will never take is given up; what may pass is kept until it is cancelled")
    func refused() async throws {
        let scene = try await AttachmentScene(size: 10)
        let status = Mutex((413, "blob-too-large"))
        scene.world.server.set { hooks in
            hooks.tamper = { request, response in
                let (code, type) = status.withLock { $0 }
                return AttachmentScene.isUpload(request) ? ServerDoubleState.problem(code, type) : response
            }
        }
        await #expect(throws: MessengerError.server(status: 413, detail: "blob-too-large.")) {
            try await scene.ann.send(file: scene.file, to: "bob")
        }
        #expect(try await scene.ann.pendingUploads().isEmpty)
        status.withLock { $0 = (503, "unavailable") }
        await #expect(throws: MessengerError.self) { try await scene.ann.send(file: scene.file, to: "bob") }
        let pending = try #require(try await scene.ann.pendingUploads().first)
        try await scene.ann.cancelUpload(pending.id)
        #expect(try await scene.ann.pendingUploads().isEmpty)
        #expect(scene.leftovers().isEmpty)
    }

    @Test("A message that is deleted takes its file from the server")
    func deleted() async throws {
        let scene = try await AttachmentScene(size: 10)
        let sent = try await scene.ann.send(file: scene.file, to: "bob")
        let attachment = try await scene.received()
        _ = try await scene.ann.delete(sent.hash)
        #expect(scene.world.server.state.withLock { $0.blobs.isEmpty })
        await #expect(throws: MessengerError.attachmentGone) { try await scene.bob.download(attachment, to: scene.target) }
        _ = try await scene.bob.receive()
        #expect(try await scene.bob.attachments().isEmpty)
    }

    @Test("An upload that has expired at the server begins anew")
    func expired() async throws {
        let scene = try await AttachmentScene(size: 1_200_000)
        let server = scene.world.server
        let isFirst = Mutex(true)
        server.set { hooks in
            hooks.tamper = { request, response in
                let expires =
                    request.method == "PATCH"
                    && isFirst.withLock { isFirst in
                        defer { isFirst = false }
                        return isFirst
                    }
                if expires { server.state.withLock { $0.blobs = [:] } }
                return response
            }
        }
        _ = try await scene.ann.send(file: scene.file, to: "bob")
        try await scene.bob.download(try await scene.received(), to: scene.target)
        #expect(try Data(contentsOf: scene.target) == scene.content)
    }

    @Test("No name of a sender's leaves the folder, hides the file, or turns its text round")
    func names() {
        for (name, safe) in [
            ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("..", "attachment"), ("", "attachment"),
            ("/", "attachment"), (".bashrc", "bashrc"), ("a\\b\\c.txt", "c.txt"), ("-rf", "rf"), ("gpj.\u{202E}exe", "gpj.exe"),
            ("a\nb\0c", "abc"), ("  x. ", "x"), ("é 🦆.png", "é 🦆.png"), ("~root", "root"),
            ("../\u{301}etc/\u{301}passwd", "\u{301}passwd"), (".\u{301}bashrc", "\u{301}bashrc"),
        ] {
            #expect(MessengerClient.Attachment.fileName(name) == safe, "\(name)")
        }
        let long = MessengerClient.Attachment.fileName(String(repeating: "ä", count: 500) + ".jpeg")
        #expect(long.utf8.count <= 200 && long.hasSuffix(".jpeg"))
        #expect(
            MessengerClient.Attachment.mediaType(of: "A.JPG") == "image/jpeg"
                && MessengerClient.Attachment.mediaType(of: "png") == "application/octet-stream")
    }

    @Test("The pauses of a transfer grow, it is given up after some, and a success begins anew")
    func pace() throws {
        var pace = TransferPace()
        var pauses: [Duration] = []
        while let pause = pace.failed(random: 1) { pauses.append(pause) }
        #expect(pauses == [0.5, 1, 2, 4, 8, 16, 20].map { .seconds($0) })
        #expect(pace.piece == TransferPace.smallestPiece)
        pace.succeeded()
        #expect(pace.failed(random: 0) == .milliseconds(250) && pace.piece == TransferPace.smallestPiece)
        #expect(pace.failed(retryAfter: .hours(1), random: 0) == nil)
        #expect(throws: MessengerError.loggedOut) { try pace.failed(MessengerError.loggedOut) }
    }
}

extension Duration {
    fileprivate static func hours(_ count: Int) -> Duration { .seconds(count * 3_600) }
}

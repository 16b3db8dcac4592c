import Foundation
import MessengerAPI
import TestSupport
import Testing

@testable import MessengerClient

/// Ann with a file for Bob. Pauses are over at once.
struct AttachmentScene: Sendable {
    let world: TestWorld
    let ann: Messenger
    let bob: Messenger
    let content: Data
    let file: URL
    /// In a folder of its own.
    let target: URL
    private let folder: TemporaryFolder

    init(size: Int) async throws {
        world = try TestWorld()
        ann = try await world.register("ann") { $0.clock.sleep = { _ in await Task.yield() } }.messenger
        bob = try await world.register("bob") { $0.clock.sleep = { _ in await Task.yield() } }.messenger
        folder = try TemporaryFolder()
        content = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
        file = folder.url.appending(path: "photo.jpg")
        try content.write(to: file)
        try FileManager.default.createDirectory(at: folder.url.appending(path: "saved"), withIntermediateDirectories: true)
        target = folder.url.appending(path: "saved/picture")
    }

    static func isUpload(_ request: APIRequest) -> Bool {
        request.path.hasPrefix("/api/blobs/") && ["POST", "PATCH"].contains(request.method)
    }

    /// The attachment of the one message that Bob has.
    func received() async throws -> MessengerClient.Attachment {
        _ = try await bob.receive()
        let messages = try await bob.unacknowledged()
        #expect(messages.count == 1)
        guard case .attachment(let attachment)? = messages.first?.content else { throw MessengerError.notFound }
        return attachment
    }

    /// The same person's client, opened again.
    func reopened(_ name: String) async throws -> Messenger {
        var configuration = world.configuration
        configuration.clock.sleep = { _ in await Task.yield() }
        return try await Messenger.open(world.location(name), configuration: configuration)
    }

    /// Encrypted files that are still in a store.
    func leftovers() -> [String] {
        ["ann/uploads", "bob/downloads"].flatMap { folder in
            (try? FileManager.default.contentsOfDirectory(atPath: world.location(folder).folder)) ?? []
        }
    }
}

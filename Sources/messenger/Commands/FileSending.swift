import Foundation
import MessengerClient

/// Sends files, showing how far they are.
struct FileSending: Sendable {
    let messenger: Messenger
    let output: Output

    /// Throws `CommandFailure` with `later` when the server is away and the file waits here.
    func send(_ path: String, to partner: ChatPartner, text: String?) async throws -> SentMessage {
        let file = URL(filePath: SaveTarget.expanded(path))
        let bar = output.progressBar(file.lastPathComponent)
        defer { bar.clear() }
        do {
            return try await partner.send(file: file, text: text, messenger) { bar.show($0) }
        } catch MessengerError.unreachable(let reason) {
            guard try await !messenger.pendingUploads().isEmpty else { throw MessengerError.unreachable(reason) }
            throw CommandFailure(
                status: .later, message: "the server is away; the file waits here, and is sent with the next message")
        }
    }

    /// Goes on with files that wait here. What fails waits on.
    func resume() async {
        let bar = output.progressBar("files that waited")
        defer { bar.clear() }
        _ = try? await messenger.resumeUploads { _, progress in bar.show(progress) }
    }
}

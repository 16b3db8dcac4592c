import Foundation
import MessengerClient

/// A file that is sent or saved beside a chat.
struct FileTransfer: Sendable {
    let messenger: Messenger
    let partner: ChatPartner
    let events: AsyncStream<ChatEvent>.Continuation

    /// Says in the chat what became of it.
    func run(_ input: ChatInput) async {
        do {
            switch input {
            case .file(let path): try await send(URL(filePath: SaveTarget.expanded(path)))
            case .save(let number): try await save(number.map { HistoryPosition(rawValue: $0) })
            default: return
            }
        } catch is CancellationError {
            return
        } catch MessengerError.unreachable {
            events.yield(.note("The server is away; it goes on when the chat is opened again.", .warning))
        } catch {
            events.yield(.note("\(error)", .danger))
        }
        events.yield(.changed)
    }

    private func send(_ file: URL) async throws {
        events.yield(.note("Sending \(file.lastPathComponent)…", .dim))
        _ = try await partner.send(file: file, messenger)
    }

    private func save(_ position: HistoryPosition?) async throws {
        let attachment =
            if let position {
                try await messenger.attachment(at: position)
            } else {
                try await partner.history(messenger, limit: 1_000).last { $0.attachment != nil && !$0.isFromMe }?.attachment
            }
        guard let attachment else { throw MessengerError.invalid("There is no such file here.") }
        let target = SaveTarget(attachment, place: nil)
        try await messenger.download(attachment, to: target.file)
        events.yield(.note("Saved as \(target.file.path).", .dim))
    }
}

import Foundation
import Glibc
import MessengerClient

/// A chat without a terminal: lines in, lines out.
struct ChatPipe: Sendable {
    let messenger: Messenger
    let partner: ChatPartner
    let output: Output

    /// Until the end of standard input; what was read is sent then, or waits for the server.
    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await receive()
                return false
            }
            group.addTask {
                for await line in Self.lines() { try await send(line) }
                return true
            }
            // The connection may end by itself with an error; the input's end is the usual one.
            while let isOver = try await group.next(), !isOver {}
            group.cancelAll()
            // This is what ends the connection.
            await messenger.close()
        }
    }

    private func receive() async throws {
        let looks = EntryRows(style: output.style, time: LocalTime())
        for try await message in messenger.messages {
            if partner.holds(message) {
                output.result(MessageLine(message, group: partner.name), line: looks.plainLines(of: ChatEntry(message)))
                if !message.isFromMe, let hash = message.hash { try await messenger.markRead([hash]) }
            } else {
                let name = if let id = message.group { try await messenger.group(id).name } else { nil as String? }
                output.result(MessageLine(message, group: name), line: "")
            }
            try await messenger.acknowledge(message)
        }
    }

    private func send(_ line: String) async throws {
        guard line.contains(where: { !$0.isWhitespace }) else { return }
        let sent = try await partner.send(.text(line), messenger)
        output.result(SentLine(sent, to: partner), line: "")
    }

    /// Read on a thread of its own, for a read cannot be called off.
    private static func lines() -> AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                while let line = readLine() {
                    if case .terminated = continuation.yield(line) { return }
                }
                continuation.finish()
            }
        }
    }
}

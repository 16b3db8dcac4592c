import ArgumentParser
import Foundation
import Glibc
import MessengerClient

struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a message.",
        discussion: """
            Ends with 0 once the server has it, with 75 when it waits here for the server. What waited is sent then, too.

            Examples:
              messenger send ann "hello"
              uptime | messenger send ann
              messenger send ann --file photo.jpg "from the lake"
            """)

    @Argument(help: "To whom.")
    var username: String

    @Argument(help: "What; standard input without it, unless there is a file.")
    var text: String?

    @Option(help: ArgumentHelp("A file to send, with the text if there is one.", valueName: "path"), completion: .file())
    var file: String?
    @Flag(help: "Also to devices that are not post-quantum, without asking.")
    var acceptClassical = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let output = options.output
        let text = try text ?? (file == nil ? Self.standardInput() : "")
        guard file != nil || text.contains(where: { !$0.isWhitespace }) else {
            throw CommandFailure(status: .usage, message: "there is nothing to send")
        }
        let (username, file, isAccepted) = (username, file, acceptClassical)
        try await options.withMessenger { messenger in
            let files = FileSending(messenger: messenger, output: output)
            let sent = try await Self.agreeing(with: username, isAccepted: isAccepted, messenger) {
                if let file {
                    try await files.send(file, to: username, text: text.isEmpty ? nil : text)
                } else {
                    try await messenger.send(text, to: username)
                }
            }
            if !sent.newDevices.isEmpty {
                output.note(NewDevices.text(sent.newDevices, of: username, me: messenger.username))
            }
            for skipped in sent.skippedDevices {
                output.note("A device cannot read it: \(skipped.device) (\(skipped.reason)).")
            }
            switch sent.delivery {
            case .refused(let reason): throw CommandFailure(status: .refused, message: reason)
            case .waiting:
                output.result(SentLine(sent, to: username), line: "")
                throw CommandFailure(
                    status: .later, message: "the server is away; the message waits here and is sent next time")
            case .accepted, .delivered, .read:
                output.result(SentLine(sent, to: username), line: "✓ sent")
                await files.resume()
            }
        }
    }

    /// Asks before the first message to devices that are not post-quantum.
    private static func agreeing(
        with username: String, isAccepted: Bool, _ messenger: Messenger, send: () async throws -> SentMessage
    ) async throws -> SentMessage {
        do {
            return try await send()
        } catch let error as MessengerError {
            guard case .notPostQuantum(let name) = error else { throw error }
            let question = """
                Not every device of you and \(DisplayText.harmlessLine(name)) is post-quantum: whoever records this message now may \
                read it when there are quantum computers.
                Send it all the same?
                """
            guard try isAccepted || Question.yesOrNo(question) == true else { throw error }
            try await messenger.acceptClassicalDevices(with: username)
            return try await send()
        }
    }

    /// Without the line end of its last line.
    private static func standardInput() throws -> String {
        if isatty(STDIN_FILENO) == 1 { TerminalDevice.write("Your message, then Control-D:\n", to: STDERR_FILENO) }
        let data = try FileHandle.standardInput.readToEnd() ?? Data()
        guard var text = String(data: data, encoding: .utf8) else {
            throw CommandFailure(status: .refused, message: "standard input is not text in UTF-8")
        }
        if text.last?.isNewline == true { text.removeLast() }
        return text
    }
}

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
              messenger send ann --expires 1h "the door code is 4711"
              messenger send --group "Lake house" "Who comes?"
              uptime | messenger send ann
              messenger send ann --file photo.jpg "from the lake"
            """)

    @Argument(help: "To whom, unless it goes to a group, and what; standard input without it.")
    var words: [String] = []

    @Option(help: ArgumentHelp("Into this group.", valueName: "name"))
    var group: String?

    @Option(
        help: ArgumentHelp(
            "It goes by itself after this time: from sending here, from reading there. Such as 30s, 5m, 1h, 2d, 1w.",
            valueName: "time"))
    var expires: TimeSpan?

    @Option(help: ArgumentHelp("A file to send, with the text if there is one.", valueName: "path"), completion: .file())
    var file: String?

    @Flag(help: "Also to devices that are not post-quantum, without asking.")
    var acceptClassical = false

    @OptionGroup var options: ClientOptions

    private var username: String? { group == nil ? words.first : nil }
    private var text: String? { words.dropFirst(group == nil ? 1 : 0).first }

    func validate() throws {
        if group == nil, words.isEmpty { throw ValidationError("Name a person, or a group with --group.") }
        if words.count > (group == nil ? 2 : 1) { throw ValidationError("Put the text into quotes.") }
        if file != nil, expires != nil { throw ValidationError("Files go after the time of their conversation's timer.") }
    }

    func run() async throws {
        let output = options.output
        let text = try text ?? (file == nil ? Self.standardInput() : "")
        guard file != nil || text.contains(where: { !$0.isWhitespace }) else {
            throw CommandFailure(status: .usage, message: "there is nothing to send")
        }
        let command = self
        try await options.withMessenger { messenger in
            let files = FileSending(messenger: messenger, output: output)
            let (sent, partner) = try await command.send(text, files)
            for name in sent.passedOver {
                output.note("\(DisplayText.harmlessLine(name)) has no device any more that could get it.")
            }
            if !sent.newDevices.isEmpty {
                let owner = partner.groupID == nil ? partner.name : "Somebody in \(partner.name)"
                output.note(NewDevices.text(sent.newDevices, of: owner, me: messenger.username))
            }
            for skipped in sent.skippedDevices {
                output.note("A device cannot read it: \(skipped.device) (\(skipped.reason)).")
            }
            switch sent.delivery {
            case .refused(let reason): throw CommandFailure(status: .refused, message: reason)
            case .waiting:
                output.result(SentLine(sent, to: partner), line: "")
                throw CommandFailure(
                    status: .later, message: "the server is away; the message waits here and is sent next time")
            case .accepted, .delivered, .read:
                output.result(SentLine(sent, to: partner), line: "✓ sent")
                await files.resume()
            }
        }
    }

    private func send(_ text: String, _ files: FileSending) async throws -> (SentMessage, ChatPartner) {
        // Who is in the group by now: nobody who was taken out is to get it.
        if group != nil { try await Self.catchUp(files.messenger) }
        let partner = try await ChatPartner.find(person: username, group: group, files.messenger)
        let sent = try await Self.agreeing(for: partner, isAccepted: acceptClassical, files.messenger) {
            if let file {
                try await files.send(file, to: partner, text: text.isEmpty ? nil : text)
            } else {
                try await partner.send(.text(text, expiresAfter: expires?.seconds), files.messenger)
            }
        }
        return (sent, partner)
    }

    private static func catchUp(_ messenger: Messenger) async throws {
        do { _ = try await messenger.receive() } catch MessengerError.unreachable {}
    }

    /// Asks before the first message to devices that are not post-quantum.
    private static func agreeing(
        for partner: ChatPartner, isAccepted: Bool, _ messenger: Messenger, send: () async throws -> SentMessage
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
            try await partner.acceptClassicalDevices(messenger)
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

import ArgumentParser
import Foundation
import Glibc
import MessengerClient

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract: "Make a new device one of the account, with the help of one that is.",
        discussion: """
            On the new device, after `messenger login`: messenger link
            On a device that holds the account key:     messenger link --approve   (asks for the code that the new one shows)

            The history is a second question: --history and --no-history answer it, on both devices.
            """)

    @Flag(help: "Approve a new device: asks for its code.")
    var approve = false

    @Option(help: ArgumentHelp("What the new device is called.", valueName: "name"))
    var name: String?

    @Flag(inversion: .prefixedNo, help: "Give the history to the new device, or not; on the new one, wait for it or not.")
    var history: Bool?

    @OptionGroup var options: ClientOptions

    private struct CodeLine: Encodable {
        let event = "code"
        let code: String
        let expires: Date
    }

    func run() async throws {
        let output = options.output
        if approve { return try await approveDevice(output) }
        let name = name ?? ProcessInfo.processInfo.hostName
        let waits = history ?? true
        try await options.withMessenger { messenger in
            let code = try await messenger.beginLinking(deviceName: name)
            output.result(CodeLine(code: code.text, expires: code.expires), line: Self.picture(code, output.style))
            while try await !messenger.finishLinking() { try await Task.sleep(for: .seconds(1)) }
            output.result(["event": "linked"], line: output.style(.good, "Linked: this device belongs to your account now."))
            if waits { try await Self.receiveHistory(messenger, output) }
        }
    }

    /// As long as a note of the other device can come.
    private static let mostPolls = 600

    private static func receiveHistory(_ messenger: Messenger, _ output: Output) async throws {
        output.note("Waiting for the history; Control-C leaves without it.")
        for _ in 0..<mostPolls {
            switch try await messenger.receiveHistory() {
            case .waiting: try await Task.sleep(for: .seconds(1))
            case .refused:
                output.result(HistoryLine(messages: nil), line: "No history comes. What is written from now on does.")
                return
            case .received(let count):
                output.result(HistoryLine(messages: count), line: "\(count) messages of your history are here.")
                return
            }
        }
        output.note("The other device has not answered; no history comes.")
    }

    private struct HistoryLine: Encodable {
        let event = "history"
        /// Nil: none is given.
        let messages: Int?
    }

    private func approveDevice(_ output: Output) async throws {
        let isTyped = isatty(STDIN_FILENO) == 1
        guard let code = isTyped ? try Question.line("Code of the new device: ") : try SecretPrompt.line(from: STDIN_FILENO)
        else {
            throw CommandFailure(status: .usage, message: "give the code on standard input")
        }
        let wanted = history
        try await options.withMessenger { messenger in
            let request = try await messenger.linkRequest(code)
            let device = DisplayText.harmlessLine(request.deviceName) + (request.isWeb ? " (web)" : "")
            if isTyped, try Question.yesOrNo("Shall \(device) read and write in your name?") != true {
                throw CommandFailure(status: .refused, message: "the device was not linked")
            }
            let passphrase = try await messenger.hasPassphrase ? try SecretPrompt.ask("Passphrase, to link it: ") : nil
            output.note("Linking it in five seconds; Control-C stops that.")
            try await messenger.approve(request, passphrase: passphrase)
            output.result(["event": "approved", "device": request.deviceName], line: "\(device) belongs to your account now.")
            try await Self.giveHistory(to: request, named: device, wanted: wanted, isTyped: isTyped, messenger, output)
        }
    }

    private static func giveHistory(
        to request: LinkRequest, named device: String, wanted: Bool?, isTyped: Bool, _ messenger: Messenger, _ output: Output
    ) async throws {
        let question = "Shall \(device) get everything written until now, too?"
        guard try wanted ?? (isTyped ? Question.yesOrNo(question) : nil) == true else {
            return try await messenger.refuseHistory(to: request)
        }
        do {
            try await messenger.sendHistory(to: request)
        } catch let error as MessengerError {
            // The new device need not wait for it.
            try await messenger.refuseHistory(to: request)
            throw error
        }
        output.result(["event": "history-sent"], line: "The history is on its way to \(device).")
    }

    private static func picture(_ code: LinkingCode, _ style: Style) -> String {
        var lines = [
            "Run `messenger link --approve` on your other device within two minutes, and enter", "",
            "  " + style(.bold, code.text), "",
        ]
        if let picture = QRCode(Array(code.text.utf8)), QRPicture.columns(of: picture) <= TerminalDevice.size.columns {
            lines += ["or scan", ""] + QRPicture.rows(picture, style: style) + [""]
        }
        lines.append(style(.dim, "Show it to nobody else. Waiting…"))
        return lines.joined(separator: "\n")
    }
}

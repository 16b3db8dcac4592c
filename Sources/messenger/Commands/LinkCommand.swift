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
            """)

    @Flag(help: "Approve a new device: asks for its code.")
    var approve = false

    @Option(help: ArgumentHelp("What the new device is called.", valueName: "name"))
    var name: String?

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
        try await options.withMessenger { messenger in
            let code = try await messenger.beginLinking(deviceName: name)
            output.result(CodeLine(code: code.text, expires: code.expires), line: Self.picture(code, output.style))
            while try await !messenger.finishLinking() { try await Task.sleep(for: .seconds(1)) }
            output.result(["event": "linked"], line: output.style(.good, "Linked: this device belongs to your account now."))
        }
    }

    private func approveDevice(_ output: Output) async throws {
        let isTyped = isatty(STDIN_FILENO) == 1
        guard let code = isTyped ? try Question.line("Code of the new device: ") : try SecretPrompt.line(from: STDIN_FILENO)
        else {
            throw CommandFailure(status: .usage, message: "give the code on standard input")
        }
        try await options.withMessenger { messenger in
            let request = try await messenger.linkRequest(code)
            let device = DisplayText.harmlessLine(request.deviceName) + (request.isWeb ? " (web)" : "")
            if isTyped, try Question.yesOrNo("Shall \(device) read and write in your name?") != true {
                throw CommandFailure(status: .refused, message: "the device was not linked")
            }
            try await messenger.approve(request)
            output.result(["event": "approved", "device": request.deviceName], line: "\(device) belongs to your account now.")
        }
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

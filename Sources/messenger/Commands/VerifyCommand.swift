import ArgumentParser
import KeyLog
import MessengerClient
import MessengerCrypto

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare the safety number with somebody, and remember that it was the same.",
        discussion: """
            Both of you see the same number, or somebody stands between you. Compare it in person or on a call, not in the chat.

            Example:
              messenger verify ann
            """)

    @Argument(help: "Whom.")
    var username: String

    @Flag(help: "Remember it as compared, without asking.")
    var mark = false

    @Flag(help: "Believe it no longer.")
    var unmark = false

    @OptionGroup var options: ClientOptions

    private struct Line: Encodable {
        let username: String
        let safetyNumber: [String]
        let isVerified: Bool
        let isPostQuantum: Bool
        let isNewAccount: Bool
    }

    func validate() throws {
        if mark && unmark { throw ValidationError("--mark and --unmark exclude each other.") }
    }

    func run() async throws {
        let output = options.output
        let command = self
        try await options.withMessenger { messenger in
            let contact = try await messenger.contact(command.username)
            let number = try await messenger.safetyNumber(with: command.username)
            let isVerified = try await command.decide(contact, number, messenger, output)
            let line = Line(
                username: contact.username, safetyNumber: number.digits, isVerified: isVerified,
                isPostQuantum: contact.isPostQuantum, isNewAccount: contact.isNewAccount)
            output.result(line, line: isVerified ? output.style(.good, "Verified.") : output.style(.warning, "Not verified."))
        }
    }

    /// Shows the number, asks, and says whether the contact is verified now.
    private func decide(
        _ contact: Contact, _ number: SafetyNumber, _ messenger: Messenger, _ output: Output
    ) async throws -> Bool {
        if !output.isJSON { TerminalDevice.write(Self.picture(contact, number, output.style)) }
        if unmark {
            try await messenger.markVerified(contact.username, false)
            return false
        }
        guard try isTheSame(contact, output) else { return contact.isVerified }
        if contact.isNewAccount { try await messenger.acceptNewAccount(of: contact.username) }
        try await messenger.markVerified(contact.username)
        return true
    }

    private func isTheSame(_ contact: Contact, _ output: Output) throws -> Bool {
        if mark { return true }
        if output.isJSON || contact.isVerified || !TerminalDevice.isInteractive { return false }
        return try Question.yesOrNo("Does \(DisplayText.harmlessLine(contact.username)) see the same number?") ?? false
    }

    private static func picture(_ contact: Contact, _ number: SafetyNumber, _ style: Style) -> String {
        let name = DisplayText.harmlessLine(contact.username)
        let groups = number.digits
        var lines = ["Safety number with \(name):", ""]
        for row in stride(from: 0, to: groups.count, by: 4) {
            lines.append("  " + style(.bold, groups[row..<min(row + 4, groups.count)].joined(separator: " ")))
        }
        lines.append("")
        if let code = QRCode(number.bytes), QRPicture.columns(of: code) <= TerminalDevice.size.columns {
            lines += QRPicture.rows(code, style: style) + [""]
        }
        if contact.isNewAccount {
            lines.append(
                style(.danger, "\(name) has a new account since you last wrote: compare with care before you accept it."))
        }
        lines.append(
            contact.isPostQuantum
                ? "Your conversation is post-quantum: every device of both of you is."
                : "Your conversation is not post-quantum: a device of one of you is not.")
        return lines.joined(separator: "\n") + "\n"
    }
}

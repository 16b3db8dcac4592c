import Foundation
import Glibc

/// Where results go: lines for people, or one JSON object a line for programs.
struct Output: Sendable {
    let isJSON: Bool
    /// Of standard output.
    let style: Style

    init(isJSON: Bool) {
        self.isJSON = isJSON
        style = isJSON ? .plain : .of(descriptor: STDOUT_FILENO)
    }

    /// A result: the line for people, or the object for programs.
    /// - Parameter line: already harmless; nothing is written for an empty one.
    func result(_ value: some Encodable, line: @autoclosure () -> String) {
        if isJSON {
            TerminalDevice.write(Self.encoded(value) + "\n")
        } else {
            let line = line()
            if !line.isEmpty { TerminalDevice.write(line + "\n") }
        }
    }

    /// Something for people alone, beside the results.
    func note(_ text: String) { if !isJSON { TerminalDevice.write(text + "\n", to: STDERR_FILENO) } }

    /// What ended the command, to standard error.
    func failure(_ failure: CommandFailure) {
        if isJSON {
            let error = FailureLine(error: failure.message, advice: failure.advice, status: failure.status.rawValue)
            TerminalDevice.write(Self.encoded(error) + "\n", to: STDERR_FILENO)
            return
        }
        let style = Style.of(descriptor: STDERR_FILENO)
        let title = failure.status == .securityWarning ? "SECURITY WARNING: " : "messenger: "
        var text = style(.danger, title) + DisplayText.harmless(failure.message) + "\n"
        if let advice = failure.advice { text += DisplayText.harmless(advice) + "\n" }
        TerminalDevice.write(text, to: STDERR_FILENO)
    }

    private struct FailureLine: Encodable {
        let error: String
        let advice: String?
        let status: Int32
    }

    /// Without line ends and characters that a terminal would take as commands: JSON escapes all but C1 controls.
    static func encoded(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        guard let data = try? encoder.encode(value) else { return "{}" }
        var text = ""
        for scalar in String(decoding: data, as: UTF8.self).unicodeScalars {
            if (0x7F..<0xA0).contains(scalar.value) {
                text += "\\u00" + String(scalar.value, radix: 16)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

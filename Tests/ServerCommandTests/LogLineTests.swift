import Foundation
import Logging
import Testing

@testable import messenger_server

/// What input can do to the log: nothing.
@Suite(.timeLimit(.minutes(5)))
struct LogLineTests {
    /// Line breaks, a terminal's colours, text turned round, and what else does not show.
    static let hostile = [
        "a\nb", "a\rb", "a\r\nb", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "a\u{0B}b", "a\u{0C}b", "\u{1B}[31mred", "\u{9B}31m",
        "\u{202E}txet", "\u{2066}x\u{2069}", "a\u{0}b", "a\u{7F}b", "a\u{200B}b", "a\u{FEFF}b", "\u{E0041}", "a\tb",
    ]

    private func isHarmless(_ line: String) -> Bool {
        line.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }

    @Test(arguments: hostile)
    func `Input cannot break, colour or turn a line`(input: String) {
        #expect(isHarmless(LogLineHandler.text(.info, input, [("key", input), (input, "x")])))
        #expect(isHarmless(LogLineHandler.json(.info, input, [("key", input), (input, "x")])))
    }

    @Test(arguments: [
        "x level=error", "=", "\"", "a\"b c\" d=\"e", "", " ", "x \u{301}y=\u{301}z", "\\\" a=b", "a\u{A0}b", "a\u{3000}b=c",
    ])
    func `A value cannot pass for a second field`(input: String) throws {
        let line = LogLineHandler.text(.info, "Request", [("name", input), ("zone", "last")])
        let start = try #require(line.range(of: "name=")).upperBound
        let end = try #require(line.range(of: " zone=last", options: .backwards)).lowerBound
        let value = line[start..<end]
        #expect(value.unicodeScalars.first == "\"" && value.unicodeScalars.last == "\"", "\(line)")
        // Nothing in between ends the quotes.
        #expect(try JSONDecoder().decode(String.self, from: Data(value.utf8)) == input)
    }

    @Test func `A plain value has no quotes, and a line says when, how bad and what`() {
        let line = LogLineHandler.text(.warning, "Could not push", [("device", "7")])
        #expect(line.hasSuffix("Z WARNING Could not push device=7"))
        #expect(line.prefix(2) == "20")
    }

    @Test(arguments: hostile + ["\"", "\\", "\\\"", "é🐦", ""])
    func `JSON lines parse, and give the input back`(input: String) throws {
        let line = LogLineHandler.json(.notice, input, [("key", input)])
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(object["message"] == input && object["key"] == input && object["level"] == "notice")
        #expect(try #require(object["time"]).hasSuffix("Z"))
    }

    @Test func `A field cannot take the place of what a JSON line itself says`() throws {
        let line = LogLineHandler.json(.error, "true", [("message", "false"), ("level", "info"), ("time", "never")])
        for name in ["message", "level", "time"] { #expect(line.components(separatedBy: "\"\(name)\":").count == 2, "\(line)") }
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(object["message"] == "true" && object["level"] == "error" && object["time"] != "never")
        #expect(object.values.contains("false"))
    }
}

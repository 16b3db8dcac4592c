import Foundation
import Glibc
import Logging

/// How log lines look: for people or for machines.
enum LogLineFormat: String {
    case text, json
}

/// Writes one line per message to standard error. Control characters and line breaks are escaped, so that no input can
/// forge a line.
struct LogLineHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: LogLineFormat

    init(level: Logger.Level, format: LogLineFormat) {
        logLevel = level
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var pairs = metadata.merging(event.metadata ?? [:]) { $1 }.filter { $0.key != "hb.request.id" }
            .map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        if let error = event.error { pairs.append(("error", "\(error)")) }
        var line =
            switch format {
            case .text: Self.text(event.level, "\(event.message)", pairs)
            case .json: Self.json(event.level, "\(event.message)", pairs)
            }
        line += "\n"
        // One write, so that lines of several threads do not mix.
        line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    static func text(_ level: Logger.Level, _ message: String, _ pairs: [(String, String)]) -> String {
        let fields = pairs.map { key, value in
            let needsQuotes =
                value.isEmpty || value.unicodeScalars.contains { $0.properties.isWhitespace || $0 == "=" || $0 == "\"" }
            return " \(escape(key))=" + (needsQuotes ? "\"\(escape(value))\"" : escape(value))
        }
        return "\(Date().ISO8601Format()) \(level.rawValue.uppercased()) \(escape(message, quotes: false))\(fields.joined())"
    }

    static func json(_ level: Logger.Level, _ message: String, _ pairs: [(String, String)]) -> String {
        let own = [
            ("time", Date().ISO8601Format(.init(includingFractionalSeconds: true))), ("level", level.rawValue),
            ("message", message),
        ]
        // A name comes once: what a parser makes of a second one is its own affair.
        let others = pairs.map { key, value in (own.contains { $0.0 == key } ? "_" + key : key, value) }
        let fields = own + others
        return "{" + fields.map { "\"\(escape($0))\":\"\(escape($1))\"" }.joined(separator: ",") + "}"
    }

    /// JSON's escapes, for every character that could end a line, colour a terminal or turn its text round.
    static func escape(_ text: String, quotes: Bool = true) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case "\"" where quotes: escaped += "\\\""
            case "\\": escaped += "\\\\"
            default:
                let category = scalar.properties.generalCategory
                if category == .control || category == .format || category == .lineSeparator || category == .paragraphSeparator {
                    for unit in String(scalar).utf16 { escaped += "\\u" + String(0x10000 + UInt32(unit), radix: 16).dropFirst() }
                } else {
                    escaped.unicodeScalars.append(scalar)
                }
            }
        }
        return escaped
    }
}

/// Text of others as it may reach a terminal: nothing in it can move the cursor, change colours, or turn the direction of what
/// stands beside it.
enum DisplayText {
    private static let tab = "    "

    /// Line ends stay (CR LF and CR count as LF), tabs become spaces, and what else would not be seen as text is shown by a sign.
    static func harmless(_ text: String) -> String {
        var result = ""
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            defer { isAfterReturn = scalar == "\r" }
            switch scalar {
            case "\n": if !isAfterReturn { result.append("\n") }
            case "\r": result.append("\n")
            case "\t": result += tab
            default: append(scalar, to: &result)
            }
        }
        return result
    }

    /// The same on one line: line ends become a sign, too.
    static func harmlessLine(_ text: String) -> String {
        harmless(text).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎")
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar.value {
        case 0..<0x20: text.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}")
        case 0x7F: text.append("\u{2421}")
        default:
            if isHidden(scalar) {
                text += "<U+" + String(scalar.value, radix: 16, uppercase: true) + ">"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    /// C1 controls, line separators, and format characters (directions, tags, zero widths), but not the joiners that emoji and
    /// some scripts need.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        case .format: scalar != "\u{200C}" && scalar != "\u{200D}"
        default: false
        }
    }
}

/// Writes JSON by hand, for what goes out most often. Members in the order of their names, no white space, slashes as they
/// are: what `WireJSON` writes, to the byte.
enum JSONText {
    /// What cannot stand in a JSON string as it is: quotes, backslashes and control characters.
    static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Whether one of the eight bytes is special.
    static func hasSpecial(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        func hasZero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
        let isControl = (word &- ones &* 0x20) & ~word
        let isQuote = hasZero(word ^ (ones &* UInt64(UInt8(ascii: "\""))))
        let isBackslash = hasZero(word ^ (ones &* UInt64(UInt8(ascii: "\\"))))
        return (isControl | isQuote | isBackslash) & (ones &* 0x80) != 0
    }

    static func append(_ text: String, to json: inout [UInt8]) {
        var text = text
        json.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            var start = 0
            var position = 0
            while position < bytes.count {
                if position + 8 <= bytes.count,
                    !hasSpecial(UnsafeRawPointer(bytes.baseAddress! + position).loadUnaligned(as: UInt64.self))
                {
                    position += 8
                    continue
                }
                if isSpecial(bytes[position]) {
                    json += bytes[start..<position]
                    appendEscaped(bytes[position], to: &json)
                    start = position + 1
                }
                position += 1
            }
            json += bytes[start...]
        }
        json.append(UInt8(ascii: "\""))
    }

    static func append(_ number: Int64, to json: inout [UInt8]) { json += String(number).utf8 }

    private static func appendEscaped(_ byte: UInt8, to json: inout [UInt8]) {
        switch byte {
        case 0x08: json += #"\b"#.utf8
        case 0x09: json += #"\t"#.utf8
        case 0x0A: json += #"\n"#.utf8
        case 0x0C: json += #"\f"#.utf8
        case 0x0D: json += #"\r"#.utf8
        case UInt8(ascii: "\""): json += #"\""#.utf8
        case UInt8(ascii: "\\"): json += #"\\"#.utf8
        default:
            let digits = Array("0123456789abcdef".utf8)
            json += #"\u00"#.utf8
            json += [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
        }
    }
}

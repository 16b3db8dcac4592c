/// Base32 (RFC 4648, without padding), for what people copy by hand.
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// - Parameter bytes: a multiple of five, so that nothing is left over.
    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5 {
                count -= 5
                text.append(alphabet[Int(bits >> UInt32(count) & 31)])
            }
            bits &= (1 << UInt32(count)) - 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Small letters count as capitals, white space and hyphens are passed over, and 0, 1 and 8, which are no digits here,
    /// are read as the letters that they resemble. Nil for anything else, or when bits are left over.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.unicodeScalars where !(character.properties.isWhitespace || character == "-") {
            guard let digit = digit(character) else { return nil }
            bits = bits << 5 | digit
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        return count == 0 ? bytes : nil
    }

    private static func digit(_ character: Unicode.Scalar) -> UInt32? {
        switch character {
        case "A"..."Z": character.value - 65
        case "a"..."z": character.value - 97
        case "2"..."7": character.value - 24
        case "0": 14
        case "1": 8
        case "8": 1
        default: nil
        }
    }
}

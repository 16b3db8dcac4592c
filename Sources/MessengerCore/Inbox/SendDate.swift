/// Checks `YYYY-MM-DD HH:MM:SS` and ISO 8601, extended (`2026-01-02T03:04:05Z`) or basic (`20260102T030405Z`): a date, then
/// `T` or a space, hours and minutes, optional seconds with a fraction, optional `Z` or offset. Text comes out as it went in, so nothing is kept but the verdict.
public enum SendDate {
    public static let maximumLength = 40

    public static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= maximumLength else { return false }
        var scanner = Scanner(bytes: Array(text.utf8))
        guard let year = scanner.number(4) else { return false }
        let isExtended = scanner.take("-")
        func separator(_ character: Unicode.Scalar) -> Bool { !isExtended || scanner.take(character) }
        guard let month = scanner.number(2), separator("-"), let day = scanner.number(2), (1...12).contains(month),
            (1...days(in: month, of: year)).contains(day)
        else { return false }
        if scanner.isAtEnd { return true }

        guard scanner.take("T") || scanner.take(" "), let hour = scanner.number(2), separator(":"),
            let minute = scanner.number(2), hour < 24, minute < 60
        else { return false }
        if isExtended ? scanner.take(":") : scanner.startsWithDigit {
            guard let second = scanner.number(2), second <= 60 else { return false }
            if scanner.take(".") || scanner.take(",") {
                guard scanner.digits() > 0 else { return false }
            }
        }
        return scanner.isAtEnd || isZone(&scanner)
    }

    private static func isZone(_ scanner: inout Scanner) -> Bool {
        if scanner.take("Z") { return scanner.isAtEnd }
        guard scanner.take("+") || scanner.take("-"), let hours = scanner.number(2), hours < 24 else { return false }
        if scanner.isAtEnd { return true }
        _ = scanner.take(":")
        guard let minutes = scanner.number(2), minutes < 60 else { return false }
        return scanner.isAtEnd
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var isAtEnd: Bool { position == bytes.count }
        var startsWithDigit: Bool { position < bytes.count && (0x30...0x39).contains(bytes[position]) }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func number(_ length: Int) -> Int? {
            guard position + length <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + length] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            position += length
            return value
        }

        mutating func digits() -> Int {
            let start = position
            while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
            return position - start
        }
    }
}

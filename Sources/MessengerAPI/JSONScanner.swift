/// Reads JSON text (RFC 8259) strictly, value by value: one value and nothing after it, UTF-8, no lone surrogates, no name
/// twice in an object, arrays and objects at most `maximumDepth` deep. For what comes in most often, where a general decoder
/// costs more than everything else.
public struct JSONScanner {
    public static let maximumDepth = 16

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0

    /// - Parameter bytes: must stay valid while the scanner is in use.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes.bindMemory(to: UInt8.self) }

    public enum Kind { case object, array, string, number, bool, null }

    /// What the next value is. Throws at the end and before anything that begins no value.
    public mutating func kind() throws(JSONError) -> Kind {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case let byte? where Self.digits.contains(byte): return .number
        default: throw .syntax
        }
    }

    /// Reads an object; `member` must read the value of each name.
    public mutating func object(_ member: (String, inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try open(UInt8(ascii: "{"))
        var names = Names()
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipSpace()
                let name = try string()
                guard names.insert(name) else { throw .nameTwice(name) }
                skipSpace()
                guard take(UInt8(ascii: ":")) else { throw .syntax }
                try member(name, &self)
                skipSpace()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw .syntax }
        }
        depth -= 1
    }

    /// Reads an array; `element` must read each element.
    public mutating func array(_ element: (Int, inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try open(UInt8(ascii: "["))
        var index = 0
        if !take(UInt8(ascii: "]")) {
            repeat {
                try element(index, &self)
                index += 1
                skipSpace()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw .syntax }
        }
        depth -= 1
    }

    /// Reads a string. `kind` must have said that it is one, or an object's name is due.
    public mutating func string() throws(JSONError) -> String {
        guard take(UInt8(ascii: "\"")) else { throw .syntax }
        let start = position
        skipPlainText()
        guard current != UInt8(ascii: "\"") else {
            defer { position += 1 }
            return try text(UnsafeBufferPointer(rebasing: bytes[start..<position]))
        }
        var unescaped = Array(bytes[start..<position])
        while current != UInt8(ascii: "\"") {
            try takeEscape(into: &unescaped)
            let plain = position
            skipPlainText()
            unescaped += bytes[plain..<position]
        }
        position += 1
        return try unescaped.withUnsafeBufferPointer { buffer throws(JSONError) in try text(buffer) }
    }

    /// Reads a number; nil when it is none of the whole numbers of 64 bits, written as digits.
    public mutating func integer() throws(JSONError) -> Int64? {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let digits = position
        try takeDigits()
        if bytes[digits] == UInt8(ascii: "0"), position > digits + 1 { throw .syntax }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try takeDigits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try takeDigits()
        }
        guard isWhole, position - start <= 20 else { return nil }
        var value: Int64 = 0
        for byte in bytes[digits..<position] {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (sum, carry) = isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// Reads any value and forgets it.
    public mutating func skipValue() throws(JSONError) {
        switch try kind() {
        case .object: try object { (_, scanner) throws(JSONError) in try scanner.skipValue() }
        case .array: try array { (_, scanner) throws(JSONError) in try scanner.skipValue() }
        case .string: _ = try string()
        case .number: _ = try integer()
        case .bool: try takeWord(current == UInt8(ascii: "t") ? "true" : "false")
        case .null: try takeWord("null")
        }
    }

    /// Nothing may follow the outermost value.
    public mutating func end() throws(JSONError) {
        skipSpace()
        if position < bytes.count { throw .syntax }
    }

    /// Whether the bytes are one JSON value by these rules.
    public static func validate(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        try scanner.skipValue()
        try scanner.end()
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func open(_ bracket: UInt8) throws(JSONError) {
        guard take(bracket) else { throw .syntax }
        depth += 1
        if depth > Self.maximumDepth { throw .tooDeep }
        skipSpace()
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func takeDigits() throws(JSONError) {
        let start = position
        while let byte = current, Self.digits.contains(byte) { position += 1 }
        if position == start { throw .syntax }
    }

    private mutating func takeWord(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard take(word.utf8Start[index]) else { throw .syntax }
        }
    }

    /// To the next quote, backslash or control character, eight bytes at a time while there are none.
    private mutating func skipPlainText() {
        while position + 8 <= bytes.count {
            let word = UnsafeRawPointer(bytes.baseAddress! + position).loadUnaligned(as: UInt64.self)
            if JSONText.hasSpecial(word) { break }
            position += 8
        }
        while let byte = current, !JSONText.isSpecial(byte) { position += 1 }
    }

    private mutating func takeEscape(into text: inout [UInt8]) throws(JSONError) {
        // What stopped the plain text is the end of the body, a control character, or a backslash.
        guard take(UInt8(ascii: "\\")), let letter = current else { throw .syntax }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += UTF8.encode(try takeScalar())!
        default: throw .syntax
        }
    }

    private mutating func takeScalar() throws(JSONError) -> Unicode.Scalar {
        let first = try takeHexadecimal()
        guard UTF16.isLeadSurrogate(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw .loneSurrogate(field: nil) }
            return scalar
        }
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw .loneSurrogate(field: nil) }
        let second = try takeHexadecimal()
        guard UTF16.isTrailSurrogate(second) else { throw .loneSurrogate(field: nil) }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private mutating func takeHexadecimal() throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw .syntax }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    /// The names of one object, compared as bytes: Swift's own `==` takes canonically equivalent text for the same.
    private struct Names {
        private static let fewest = 16

        private var few: [String] = []
        private var many: Set<[UInt8]> = []

        /// False when the name is there already.
        mutating func insert(_ name: String) -> Bool {
            if few.count == Self.fewest {
                if many.isEmpty { many = Set(few.map { Array($0.utf8) }) }
                return many.insert(Array(name.utf8)).inserted
            }
            if few.contains(where: { $0 == name && $0.utf8.elementsEqual(name.utf8) }) { return false }
            few.append(name)
            return true
        }
    }

    private func text(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}

import MessengerAPI

/// The JSON that every parser reads the same way: UTF-8 without a mark, one object and nothing after it, no name twice, no
/// lone surrogates, at most 16 levels, and no numbers but whole ones up to 2^53 - 1.
public enum StrictJSON {
    private static let largestInteger: Int64 = (1 << 53) - 1

    /// What a message may carry: such an object, or nothing at all.
    public static func isContent(_ bytes: [UInt8]) -> Bool { bytes.isEmpty || isObject(bytes) }

    public static func isObject(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            do throws(JSONError) {
                var scanner = JSONScanner(buffer)
                guard try scanner.kind() == .object else { return false }
                try check(&scanner)
                try scanner.end()
                return true
            } catch {
                return false
            }
        }
    }

    private static func check(_ scanner: inout JSONScanner) throws(JSONError) {
        switch try scanner.kind() {
        case .object: try scanner.object { (_, member) throws(JSONError) in try check(&member) }
        case .array: try scanner.array { (_, element) throws(JSONError) in try check(&element) }
        case .number:
            guard let number = try scanner.integer(), (-largestInteger...largestInteger).contains(number) else { throw .syntax }
        case .string, .bool, .null: try scanner.skipValue()
        }
    }
}

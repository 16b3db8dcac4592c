/// Cuts what a client sends to PostgreSQL into messages and knows a COMMIT among them (PostgreSQL documentation, 55.7).
struct FrontendReader {
    struct Message {
        let bytes: [UInt8]
        let isCommit: Bool
    }

    /// What a client asks before it starts, and what it starts with.
    private static let protocolVersion: [UInt8] = [0, 3, 0, 0]

    private var rest: [UInt8] = []
    private var hasStarted = false
    /// Statements by their names.
    private var statements: [String: String] = [:]

    mutating func take(_ bytes: [UInt8]) -> [Message] {
        rest += bytes
        var messages: [Message] = []
        while let message = next() { messages.append(message) }
        return messages
    }

    /// Before the start messages have no type.
    private mutating func next() -> Message? {
        let head = hasStarted ? 1 : 0
        guard rest.count >= head + 4 else { return nil }
        let length = rest[head..<head + 4].reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= head + length else { return nil }
        let bytes = Array(rest[..<(head + length)])
        rest.removeFirst(head + length)
        guard hasStarted else {
            hasStarted = bytes.count >= 8 && Array(bytes[4..<8]) == Self.protocolVersion
            return Message(bytes: bytes, isCommit: false)
        }
        return Message(bytes: bytes, isCommit: isCommit(bytes))
    }

    /// Parse names a statement, Bind is about to run one.
    private mutating func isCommit(_ bytes: [UInt8]) -> Bool {
        let texts = bytes.dropFirst(5).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard texts.count >= 2 else { return false }
        switch bytes[0] {
        case UInt8(ascii: "P"): statements[texts[0]] = texts[1]
        case UInt8(ascii: "B"): return statements[texts[1]] == "COMMIT"
        default: break
        }
        return false
    }
}

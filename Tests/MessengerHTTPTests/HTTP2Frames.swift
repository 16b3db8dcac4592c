/// HTTP/2 frames (RFC 9113) by hand: for what a well-behaved client does not send.
enum HTTP2Frames {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + settings()
    static let endOfStream: UInt8 = 1
    static let endOfHeaders: UInt8 = 4
    /// What every server takes in one frame.
    private static let maximumPayload = 16_384

    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        [UInt8(payload.count >> 16 & 0xFF), UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF), type, flags]
            + bytes(stream) + payload
    }

    static func data(_ payload: [UInt8], stream: UInt32, ends: Bool = false) -> [UInt8] {
        frame(0, flags: ends ? endOfStream : 0, stream: stream, payload)
    }

    /// A whole block of headers, in as many frames as it needs; without the flag for its end only one frame is sent.
    static func headers(_ fields: [(String, String)], stream: UInt32, flags: UInt8 = endOfStream | endOfHeaders) -> [UInt8] {
        let block = block(fields)
        guard block.count > maximumPayload, flags & endOfHeaders != 0 else {
            return frame(1, flags: flags, stream: stream, block)
        }
        let starts = Array(stride(from: 0, to: block.count, by: maximumPayload))
        return starts.flatMap { start in
            let part = Array(block[start..<min(start + maximumPayload, block.count)])
            let end = start == starts.last ? endOfHeaders : 0
            return frame(start == 0 ? 1 : 9, flags: start == 0 ? flags & ~endOfHeaders | end : end, stream: stream, part)
        }
    }

    static func reset(_ stream: UInt32) -> [UInt8] { frame(3, stream: stream, bytes(8)) }

    static func settings(_ values: [(UInt16, UInt32)] = []) -> [UInt8] {
        frame(4, values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xFF)] + bytes($0.1) })
    }

    static func ping() -> [UInt8] { frame(6, [UInt8](repeating: 7, count: 8)) }
    static func continuation(_ payload: [UInt8], stream: UInt32) -> [UInt8] { frame(9, stream: stream, payload) }

    static func get(_ path: String, more: [(String, String)] = []) -> [(String, String)] {
        [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", path)] + more
    }

    /// HPACK (RFC 7541, 6.2.2): every field literal, without indexing.
    static func block(_ fields: [(String, String)]) -> [UInt8] { fields.flatMap { [0] + text($0.0) + text($0.1) } }

    private static func text(_ text: String) -> [UInt8] { integer(text.utf8.count) + text.utf8 }

    /// With a prefix of seven bits (RFC 7541, 5.1).
    private static func integer(_ value: Int) -> [UInt8] {
        guard value >= 127 else { return [UInt8(value)] }
        var rest = value - 127
        var bytes: [UInt8] = [127]
        while rest >= 128 {
            bytes.append(UInt8(rest % 128 + 128))
            rest /= 128
        }
        return bytes + [UInt8(rest)]
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [UInt8(number >> 24), UInt8(number >> 16 & 0xFF), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
    }

    /// The types of the whole frames in what a server sent.
    static func types(in bytes: [UInt8]) -> [UInt8] {
        var types: [UInt8] = []
        var position = 0
        while position + 9 <= bytes.count {
            types.append(bytes[position + 3])
            position += 9 + Int(bytes[position]) << 16 + Int(bytes[position + 1]) << 8 + Int(bytes[position + 2])
        }
        return types
    }
}

import KeyLog

/// Bytes that JSON carries as base64 (RFC 4648, section 4, with padding), in the one way in which each value is written.
public struct Base64Bytes: Hashable, Sendable, Codable {
    public let bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Nil for anything but base64.
    public init?(text: String) {
        guard let bytes = Base64.bytes(text) else { return nil }
        self.bytes = bytes
    }

    public var text: String { Base64.text(bytes) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Base64.bytes(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "Not base64.")
        }
        self.bytes = bytes
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Bytes in a URL's query: base64url (RFC 4648, section 5) without padding, in the one way in which each value is written.
public enum Base64URL {
    public static func text(_ bytes: [UInt8]) -> String {
        Base64.text(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Nil for anything else.
    public static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.allSatisfy({ ($0 != UInt8(ascii: "+")) && ($0 != UInt8(ascii: "/")) && ($0 != UInt8(ascii: "=")) })
        else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Base64.bytes(text.replacing("-", with: "+").replacing("_", with: "/") + padding)
    }
}

/// Names a blob, and lets every user who knows it read the blob: random, and never in a log.
public struct BlobID: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    public static let byteCount = 32

    public let bytes: [UInt8]

    /// Nil for another number of bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Nil for anything but the text of an id.
    public init?(text: String) {
        guard let bytes = Base64URL.bytes(text) else { return nil }
        self.init(bytes)
    }

    /// base64url, without padding.
    public var text: String { Base64URL.text(bytes) }

    public var description: String { "a blob" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

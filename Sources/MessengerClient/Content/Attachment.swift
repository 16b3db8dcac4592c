import MessengerCrypto

/// A file that the server keeps encrypted, and the key to it.
public struct Attachment: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public let name: String
    public let mediaType: String
    /// Of the plain file, in bytes.
    public let size: Int
    /// Where the server has it.
    public let blob: String
    /// Of the encrypted stream.
    public let sha256: [UInt8]
    public let text: String?
    let key: SecretBytes

    public init(
        name: String, mediaType: String, size: Int, blob: String, key: SecretBytes, sha256: [UInt8], text: String? = nil
    ) {
        self.name = name
        self.mediaType = mediaType
        self.size = size
        self.blob = blob
        self.key = key
        self.sha256 = sha256
        self.text = text
    }

    public static func == (left: Attachment, right: Attachment) -> Bool {
        left.blob == right.blob && left.sha256 == right.sha256 && left.key == right.key && left.name == right.name
            && left.mediaType == right.mediaType && left.size == right.size && left.text == right.text
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(blob)
        hasher.combine(sha256)
    }

    public var description: String { "attachment of \(size) bytes" }
    public var customMirror: Mirror { Mirror(self, children: ["size": size]) }
}

import Foundation
import MessengerAPI
import MessengerCrypto

/// What the new device shows, as text or as a QR code of that text: whoever sees it within its two minutes, and can log in, could
/// take the new device's place in the conversation with the old one. It is in no description.
public struct LinkingCode: Sendable, CustomStringConvertible, CustomReflectable {
    static let prefix = "messenger-link:"

    public let text: String
    public let expires: Date

    init(_ code: LinkCode) {
        text = Self.prefix + Base64URL.text(code.bytes)
        expires = Date(milliseconds: code.expires)
    }

    /// Nil for text that is no such code; spaces around it are passed over.
    static func code(_ text: String) -> LinkCode? {
        let text = text.filter { !$0.isWhitespace }
        guard text.hasPrefix(prefix) else { return nil }
        return Base64URL.bytes(String(text.dropFirst(prefix.count))).flatMap { LinkCode($0) }
    }

    public var description: String { "link code" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

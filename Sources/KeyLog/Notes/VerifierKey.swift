import Crypto
import FoundationEssentials

/// A public key of signed notes with its name: C2SP's verifier key, `name+id+base64`.
public struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let id: UInt32
    public let kind: NoteKeyKind
    public let publicKey: [UInt8]

    /// Nil for a name that is empty or has a space or a plus, and for a key that is none.
    public init?(name: String, kind: NoteKeyKind, publicKey: [UInt8]) {
        guard Self.isName(name), Ed25519.isAcceptable(publicKey) else { return nil }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
        self.id = Self.id(name: name, kind: kind, publicKey: publicKey)
    }

    /// Reads the text form; nil when anything about it is off, also when the id is not that of the key.
    public init?(text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let material = Base64.bytes(String(parts[2])), let kind = material.first else { return nil }
        guard let kind = NoteKeyKind(rawValue: kind) else { return nil }
        self.init(name: String(parts[0]), kind: kind, publicKey: Array(material.dropFirst()))
        if description != text { return nil }
    }

    public var description: String {
        let digits = Hexadecimal.text((0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * UInt32($0))) })
        return "\(name)+\(digits)+\(Base64.text([kind.rawValue] + publicKey))"
    }

    static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0.value >= 0x20 && $0 != "+" && $0.value != 0x7F }
    }

    private static func id(name: String, kind: NoteKeyKind, publicKey: [UInt8]) -> UInt32 {
        var hash = SHA256()
        hash.update(data: Array(name.utf8) + [0x0A, kind.rawValue] + publicKey)
        return Array(hash.finalize()).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

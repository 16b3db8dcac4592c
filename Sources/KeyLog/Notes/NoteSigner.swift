import Crypto

/// A private key of signed notes. It shows nothing of itself.
public struct NoteSigner: Sendable, CustomStringConvertible, CustomReflectable {
    public let verifierKey: VerifierKey
    private let key: Curve25519.Signing.PrivateKey

    /// - Parameter seed: the 32 bytes of RFC 8032's private key.
    /// Nil for another number of bytes or a name that notes cannot have.
    public init?(name: String, kind: NoteKeyKind, seed: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let verifierKey = VerifierKey(name: name, kind: kind, publicKey: Array(key.publicKey.rawRepresentation))
        else { return nil }
        self.key = key
        self.verifierKey = verifierKey
    }

    /// Signs a note's text; for a cosignature, as of `time`, in seconds since 1970.
    public func signature(of text: String, time: UInt64 = 0) throws -> NoteSignature {
        var bytes: [UInt8] = []
        if verifierKey.kind == .cosignature { bytes.append(bigEndian: time) }
        bytes += try key.signature(for: SignedNote.signedBytes(text: text, kind: verifierKey.kind, time: time))
        return NoteSignature(name: verifierKey.name, keyID: verifierKey.id, bytes: bytes)
    }

    public var description: String { "signer of \(verifierKey)" }
    public var customMirror: Mirror { Mirror(self, children: ["verifierKey": verifierKey]) }
}

import Crypto
import FoundationEssentials
import KeyLog

/// How the old device seals a note to the new one: bound to the bundle's link key and to the secret of the code, so that neither
/// the server nor somebody who photographed the code can make or read it alone.
///
/// HPKE of 32 random bytes to the link key, with info `L(label)` ‖ server ‖ hash of the bundle ‖ secret; then the plain bytes in
/// AES-256-GCM under HKDF-SHA256 of those 32 bytes (`L(label of the keys)`, 44: key and nonce).
enum LinkSeal {
    enum Purpose {
        case answer, history

        var infoLabel: StaticString {
            switch self {
            case .answer: "link"
            case .history: "link-history"
            }
        }

        var keyLabel: StaticString {
            switch self {
            case .answer: "link-answer"
            case .history: "link-history-note"
            }
        }
    }

    /// Throws when the link key cannot be sealed to.
    static func seal(_ plain: [UInt8], for bundle: LinkBundle, code: LinkCode, _ purpose: Purpose) throws -> [UInt8] {
        guard let key = KEMPublicKey(suite: bundle.suite, bytes: bundle.linkKey) else { throw LinkError.wrongKey }
        let secret = SecretBytes.random(BodyKeys.secretSize)
        let (bodyKey, nonce) = try keys(secret, purpose)
        let box = try AES.GCM.seal(plain, using: bodyKey, nonce: nonce)
        return try key.seal(secret, info: info(code, purpose)) + Array(box.ciphertext + box.tag)
    }

    /// Nil when it was not made for this code, key and purpose.
    static func open(_ sealed: [UInt8], linkKey: KEMPrivateKey, code: LinkCode, _ purpose: Purpose) -> [UInt8]? {
        let size = linkKey.suite.sealedSecretSize
        guard sealed.count >= size + Envelope.tagSize,
            let secret = linkKey.open(Array(sealed.prefix(size)), info: info(code, purpose)),
            let (bodyKey, nonce) = try? keys(secret, purpose),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed[size...].dropLast(Envelope.tagSize), tag: sealed.suffix(Envelope.tagSize)),
            let plain = try? AES.GCM.open(box, using: bodyKey)
        else { return nil }
        return Array(plain)
    }

    private static func info(_ code: LinkCode, _ purpose: Purpose) -> [UInt8] {
        Label.bytes(purpose.infoLabel) + code.server.bytes + code.bundleHash + code.secret.exposed
    }

    private static func keys(_ secret: SecretBytes, _ purpose: Purpose) throws -> (SymmetricKey, AES.GCM.Nonce) {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret.symmetricKey, info: Label.bytes(purpose.keyLabel), outputByteCount: 44)
        let bytes = derived.withUnsafeBytes { Array($0) }
        return (SymmetricKey(data: bytes[..<32]), try AES.GCM.Nonce(data: bytes[32...]))
    }
}

import Crypto
import FoundationEssentials
import KeyLog

/// What the old device tells the new one: of which account it is now. Sealed to the bundle's link key and bound to the
/// secret, so that neither the server nor somebody who photographed the code can make or read it alone.
///
/// Sealed: HPKE of 32 random bytes to the link key, with info `L(link)` ‖ server ‖ hash of the bundle ‖ secret; then account 32
/// and first seq u32 in AES-256-GCM under HKDF-SHA256 of those bytes (`L(link-answer)`, 44: key and nonce).
public struct LinkAnswer: Hashable, Sendable {
    public let account: AccountID
    /// The state that lists the new device first.
    public let firstSeq: UInt32

    public init(account: AccountID, firstSeq: UInt32) {
        self.account = account
        self.firstSeq = firstSeq
    }

    /// Throws when the link key cannot be sealed to.
    public func sealed(for bundle: LinkBundle, code: LinkCode) throws -> [UInt8] {
        guard let key = KEMPublicKey(suite: bundle.suite, bytes: bundle.linkKey) else { throw LinkError.wrongKey }
        let secret = SecretBytes.random(BodyKeys.secretSize)
        var plain = account.bytes
        plain.append(bigEndian: firstSeq)
        let (bodyKey, nonce) = try Self.keys(secret)
        let box = try AES.GCM.seal(plain, using: bodyKey, nonce: nonce)
        return try key.seal(secret, info: Self.info(code)) + Array(box.ciphertext + box.tag)
    }

    /// Nil when it was not made for this code and key.
    public init?(sealed: [UInt8], linkKey: KEMPrivateKey, code: LinkCode) {
        let size = linkKey.suite.sealedSecretSize
        guard sealed.count > size, let secret = linkKey.open(Array(sealed.prefix(size)), info: Self.info(code)),
            let (bodyKey, nonce) = try? Self.keys(secret), sealed.count == size + AccountID.byteCount + 4 + Envelope.tagSize,
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed[size...].dropLast(Envelope.tagSize), tag: sealed.suffix(Envelope.tagSize)),
            let plain = try? AES.GCM.open(box, using: bodyKey)
        else { return nil }
        var reader = ByteReader(Array(plain))
        guard let account = try? reader.fixed(AccountID.self), let seq = try? reader.integer(UInt32.self) else { return nil }
        self.init(account: account, firstSeq: seq)
    }

    private static func info(_ code: LinkCode) -> [UInt8] {
        Label.bytes("link") + code.server.bytes + code.bundleHash + code.secret.exposed
    }

    private static func keys(_ secret: SecretBytes) throws -> (SymmetricKey, AES.GCM.Nonce) {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret.symmetricKey, info: Label.bytes("link-answer"), outputByteCount: 44)
        let bytes = derived.withUnsafeBytes { Array($0) }
        return (SymmetricKey(data: bytes[..<32]), try AES.GCM.Nonce(data: bytes[32...]))
    }
}

import Crypto
import FoundationEssentials
import KeyLog

/// What the 32 random bytes of an envelope become: the key and nonce of its body, and the commitment to both.
struct BodyKeys {
    static let secretSize = 32
    static let commitmentSize = 32

    let key: SymmetricKey
    let nonce: [UInt8]
    let commitment: [UInt8]

    private static let info = Label.bytes("body")

    init(secret: SecretBytes) {
        let derived = HKDF<SHA256>.deriveKey(inputKeyMaterial: secret.symmetricKey, info: Self.info, outputByteCount: 76)
        let bytes = derived.withUnsafeBytes { Array($0) }
        key = SymmetricKey(data: bytes[..<32])
        nonce = Array(bytes[32..<44])
        commitment = Array(bytes[44...])
    }

    /// AES-256-GCM does not commit to its key: two keys can open one body to two messages. So this is compared first, in
    /// constant time.
    func isCommitted(by stated: [UInt8]) -> Bool { ConstantTime.equal(stated, commitment) }

    func seal(_ plaintext: [UInt8], headHash: [UInt8]) throws -> [UInt8] {
        let box = try AES.GCM.seal(
            plaintext, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: Self.info + headHash)
        return Array(box.ciphertext + box.tag)
    }

    /// Nil when body or head were changed.
    func open(_ body: ArraySlice<UInt8>, headHash: [UInt8]) -> [UInt8]? {
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: body.dropLast(Envelope.tagSize), tag: body.suffix(Envelope.tagSize)),
            let plaintext = try? AES.GCM.open(box, using: key, authenticating: Self.info + headHash)
        else { return nil }
        return Array(plaintext)
    }
}

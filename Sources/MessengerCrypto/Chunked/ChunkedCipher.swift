import Crypto
import FoundationEssentials

/// The keys and chunks of C2SP chunked-encryption with SHA-512 and AES-256-GCM, which its authors call Cobblestone-256:
/// what encryptor and decryptor share.
struct ChunkedCipher: Sendable {
    static let chunkSize = 16_384
    static let tagSize = 16
    static let saltSize = 24
    static let commitmentSize = 32
    static let headSize = saltSize + commitmentSize
    /// 4 PiB.
    static let maximumChunks: UInt64 = 1 << 38

    let commitment: [UInt8]
    private let key: SymmetricKey
    private let baseNonce: [UInt8]
    private var counter: UInt64 = 0

    init(key: SecretBytes, salt: [UInt8], context: [UInt8]) {
        let info = Array("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0".utf8) + salt + context
        let derived = HKDF<SHA512>.expand(pseudoRandomKey: key.symmetricKey, info: info, outputByteCount: 76)
        let bytes = derived.withUnsafeBytes { Array($0) }
        self.key = SymmetricKey(data: bytes[..<32])
        baseNonce = Array(bytes[32..<44])
        commitment = Array(bytes[44...])
    }

    mutating func seal(_ chunk: some Collection<UInt8>) throws -> [UInt8] {
        let box = try AES.GCM.seal(Array(chunk), using: key, nonce: nextNonce())
        return Array(box.ciphertext + box.tag)
    }

    mutating func open(_ chunk: some Collection<UInt8>) throws(ChunkedError) -> [UInt8] {
        guard chunk.count >= Self.tagSize, let nonce = try? nextNonce(),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: Array(chunk.dropLast(Self.tagSize)), tag: Array(chunk.suffix(Self.tagSize))),
            let plaintext = try? AES.GCM.open(box, using: key)
        else { throw .changed }
        return Array(plaintext)
    }

    /// The base nonce with the number of the chunk, big-endian, in its last bytes.
    private mutating func nextNonce() throws -> AES.GCM.Nonce {
        guard counter < Self.maximumChunks else { throw ChunkedError.tooLong }
        var nonce = baseNonce
        for place in 0..<8 { nonce[11 - place] ^= UInt8(truncatingIfNeeded: counter >> UInt64(8 * place)) }
        counter += 1
        return try AES.GCM.Nonce(data: nonce)
    }
}

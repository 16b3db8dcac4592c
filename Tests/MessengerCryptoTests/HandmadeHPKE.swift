import Crypto
import Foundation

@testable import MessengerCrypto

/// HPKE with X25519 from RFC 9180's own steps, for a sender who knows the outcome of the key agreement without a key.
enum HandmadeHPKE {
    private static func extract(_ suite: [UInt8], salt: [UInt8], _ label: String, _ ikm: [UInt8]) -> [UInt8] {
        let ikm = SymmetricKey(data: Array("HPKE-v1".utf8) + suite + Array(label.utf8) + ikm)
        return Array(HKDF<SHA256>.extract(inputKeyMaterial: ikm, salt: salt))
    }

    private static func expand(_ suite: [UInt8], _ key: [UInt8], _ label: String, _ info: [UInt8], _ count: Int) -> [UInt8] {
        let info = [0, UInt8(count)] + Array("HPKE-v1".utf8) + suite + Array(label.utf8) + info
        return HKDF<SHA256>.expand(pseudoRandomKey: key, info: info, outputByteCount: count).withUnsafeBytes { Array($0) }
    }

    static func seal(
        _ plaintext: [UInt8], agreement: [UInt8], encapsulated: [UInt8], to publicKey: [UInt8], info: [UInt8]
    ) throws -> [UInt8] {
        let kem = Array("KEM".utf8) + [0x00, 0x20]
        let shared = expand(
            kem, extract(kem, salt: [], "eae_prk", agreement), "shared_secret", encapsulated + publicKey, 32)
        let suite = Array("HPKE".utf8) + [0x00, 0x20, 0x00, 0x01, 0x00, 0x02]
        let context =
            [0] + extract(suite, salt: [], "psk_id_hash", []) + extract(suite, salt: [], "info_hash", info)
        let secret = extract(suite, salt: shared, "secret", [])
        let box = try AES.GCM.seal(
            plaintext, using: SymmetricKey(data: expand(suite, secret, "key", context, 32)),
            nonce: AES.GCM.Nonce(data: expand(suite, secret, "base_nonce", context, 12)))
        return encapsulated + Array(box.ciphertext + box.tag)
    }
}

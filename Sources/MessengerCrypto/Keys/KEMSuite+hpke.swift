import Crypto
import KeyLog

extension KEMSuite {
    var encapsulationSize: Int {
        switch self {
        case .xWing: 1120
        case .x25519: 32
        }
    }

    /// An encapsulated key and 32 bytes under it, with their tag.
    var sealedSecretSize: Int { encapsulationSize + BodyKeys.secretSize + 16 }

    var ciphersuite: HPKE.Ciphersuite {
        switch self {
        case .xWing: .XWingMLKEM768X25519_SHA256_AES_GCM_256
        case .x25519: HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256)
        }
    }
}

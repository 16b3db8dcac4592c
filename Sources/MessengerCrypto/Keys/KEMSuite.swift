import Crypto

/// How a device is sealed to, for life. The number is HPKE's of the key encapsulation; the rest is HKDF-SHA256 (0x0001) and
/// AES-256-GCM (0x0002) for both.
public enum KEMSuite: UInt16, Sendable, CaseIterable {
    /// ML-KEM-768 and X25519 together: what is recorded today stays closed unless both fall.
    case xWing = 0x647A
    /// For browsers without ML-KEM.
    case x25519 = 0x0020

    public static let kdf: UInt16 = 0x0001
    public static let aead: UInt16 = 0x0002

    public var isPostQuantum: Bool { self == .xWing }

    public var publicKeySize: Int {
        switch self {
        case .xWing: 1216
        case .x25519: 32
        }
    }

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

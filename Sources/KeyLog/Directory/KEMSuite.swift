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
}

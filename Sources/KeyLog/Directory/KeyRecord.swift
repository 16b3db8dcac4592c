/// A rotating or one-time key as its device publishes it, signed with the device key.
public struct KeyRecord: SignedObject {
    public enum Kind: UInt8, Sendable {
        case rotating = 1
        case oneTime = 2
    }

    public static let label: StaticString = "key"
    /// 37 days: 30 for the private half after its successor, and a week in which a device may be off.
    public static let lifetime: UInt64 = 37 * 24 * 3600 * 1000

    public let kind: Kind
    /// HPKE's number, which a client may not know.
    public let kem: UInt16
    public let account: AccountID
    public let device: DeviceFingerprint
    /// Milliseconds since 1970, by the device's clock.
    public let created: UInt64
    public let publicKey: [UInt8]

    /// - Parameter publicKey: of the suite's length.
    package init(kind: Kind, account: AccountID, device: DeviceFingerprint, created: UInt64, suite: KEMSuite, publicKey: [UInt8])
    {
        self.kind = kind
        kem = suite.rawValue
        self.account = account
        self.device = device
        self.created = created
        self.publicKey = publicKey
    }

    /// Nil for a kind, KDF or AEAD that is not known, another lifetime, or a length that is not that of the KEM.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let kind = try? Kind(rawValue: reader.integer()), let kem = try? reader.integer(UInt16.self),
            (try? reader.integer()) == KEMSuite.kdf, (try? reader.integer()) == KEMSuite.aead,
            let account = try? reader.fixed(AccountID.self), let device = try? reader.fixed(DeviceFingerprint.self),
            let created = try? reader.integer(UInt64.self), let expires = try? reader.integer(UInt64.self),
            created <= UInt64.max - Self.lifetime, expires == created + Self.lifetime,
            let length = try? reader.integer(UInt16.self), Int(length) == reader.remaining,
            let publicKey = try? reader.take(Int(length))
        else { return nil }
        if let suite = KEMSuite(rawValue: kem), suite.publicKeySize != publicKey.count { return nil }
        self.kind = kind
        self.kem = kem
        self.account = account
        self.device = device
        self.created = created
        self.publicKey = Array(publicKey)
    }

    public var expires: UInt64 { created + Self.lifetime }

    public var bytes: [UInt8] {
        var bytes = [kind.rawValue]
        bytes.append(bigEndian: kem)
        bytes.append(bigEndian: KEMSuite.kdf)
        bytes.append(bigEndian: KEMSuite.aead)
        bytes.append(account)
        bytes.append(device)
        bytes.append(bigEndian: created)
        bytes.append(bigEndian: expires)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: publicKey.count))
        bytes.append(contentsOf: publicKey)
        return bytes
    }
}

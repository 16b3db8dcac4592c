import KeyLog

/// What a new device shows of itself to one that is to certify it. Authentic by its hash in the code.
///
/// Version u8, flags u8 and KEM u16 as in the certificate, device public key 32, link public key of that KEM after its length
/// u16, and the device's name in UTF-8 after its length u8.
public struct LinkBundle: Hashable, Sendable {
    static let version: UInt8 = 1
    public static let longestName = 64

    public let deviceKey: SigningPublicKey
    public let suite: KEMSuite
    public let flags: DeviceCertificate.Flags
    /// What the answer is sealed to; for this alone.
    public let linkKey: [UInt8]
    public let name: String

    /// The name is cut to 64 bytes.
    public init(
        deviceKey: SigningPublicKey, suite: KEMSuite, flags: DeviceCertificate.Flags, linkKey: KEMPrivateKey, name: String
    ) {
        self.deviceKey = deviceKey
        self.suite = suite
        self.flags = flags
        self.linkKey = linkKey.publicKey
        var name = name
        while name.utf8.count > Self.longestName { name.removeLast() }
        self.name = name
    }

    /// Nil unless the bytes are such a bundle and nothing more.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard (try? reader.integer()) == Self.version, let flags = try? reader.integer(UInt8.self),
            let suite = (try? reader.integer(UInt16.self)).flatMap({ KEMSuite(rawValue: $0) }),
            let deviceKey = try? reader.fixed(SigningPublicKey.self), let length = try? reader.integer(UInt16.self),
            Int(length) == suite.publicKeySize, let linkKey = try? reader.take(Int(length)),
            let nameLength = try? reader.integer(UInt8.self), nameLength <= Self.longestName,
            let nameBytes = try? reader.take(Int(nameLength)), let name = String(validating: nameBytes, as: UTF8.self),
            (try? reader.end()) != nil
        else { return nil }
        self.flags = DeviceCertificate.Flags(rawValue: flags)
        self.suite = suite
        self.deviceKey = deviceKey
        self.linkKey = Array(linkKey)
        self.name = name
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.version, flags.rawValue]
        bytes.append(bigEndian: suite.rawValue)
        bytes.append(deviceKey)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: linkKey.count))
        bytes += linkKey
        bytes.append(UInt8(truncatingIfNeeded: name.utf8.count))
        return bytes + Array(name.utf8)
    }

    public var hash: [UInt8] { Label.hash("link-bundle", bytes) }
}

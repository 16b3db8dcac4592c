/// That a device belongs to an account, signed with the account key.
public struct DeviceCertificate: SignedObject {
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A browser: it trusts the server that serves it, and is shown as such.
        public static let web = Flags(rawValue: 1)
        public static let holdsAccountKey = Flags(rawValue: 2)
    }

    public static let label: StaticString = "device"
    public static let version: UInt8 = 1

    public let account: AccountID
    /// The number of the first state that lists the device.
    public let firstSeq: UInt32
    public let deviceKey: SigningPublicKey
    /// HPKE's number, for the life of the device. A client may not know it.
    public let kem: UInt16
    public let flags: Flags
    /// Milliseconds since 1970.
    public let created: UInt64

    public init(
        account: AccountID, firstSeq: UInt32, deviceKey: SigningPublicKey, suite: KEMSuite, flags: Flags = [], created: UInt64
    ) {
        self.account = account
        self.firstSeq = firstSeq
        self.deviceKey = deviceKey
        kem = suite.rawValue
        self.flags = flags
        self.created = created
    }

    /// Nil for another version or length. Flags that are not known are kept.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard (try? reader.integer()) == Self.version,
            let account = try? reader.fixed(AccountID.self), let firstSeq = try? reader.integer(UInt32.self),
            let deviceKey = try? reader.fixed(SigningPublicKey.self), let kem = try? reader.integer(UInt16.self),
            let flags = try? reader.integer(UInt8.self), let created = try? reader.integer(UInt64.self),
            (try? reader.end()) != nil
        else { return nil }
        self.account = account
        self.firstSeq = firstSeq
        self.deviceKey = deviceKey
        self.kem = kem
        self.flags = Flags(rawValue: flags)
        self.created = created
    }

    public var device: DeviceFingerprint { DeviceFingerprint(account: account, key: deviceKey) }
    /// Nil when this client does not know how to seal to the device.
    public var suite: KEMSuite? { KEMSuite(rawValue: kem) }

    public var bytes: [UInt8] {
        var bytes = [Self.version]
        bytes.append(account)
        bytes.append(bigEndian: firstSeq)
        bytes.append(deviceKey)
        bytes.append(bigEndian: kem)
        bytes.append(flags.rawValue)
        bytes.append(bigEndian: created)
        return bytes
    }
}

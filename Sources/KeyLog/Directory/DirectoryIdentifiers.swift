/// Names an installation: a hash of the first verifier key of its log. It is in everything signed and sealed, so that
/// nothing made for one installation is taken by another.
public struct ServerID: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter key: the first key of the log, which stays the name when the key changes.
    public init(log key: VerifierKey) { self.init(unchecked: Label.hash("log", Array(key.description.utf8))) }
}

/// The public half of an Ed25519 key, of an account or a device. Whether it is one is checked when it verifies something.
public struct SigningPublicKey: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// Names a device of an account by its key. It is not the `device_id` that a login gets from the server.
public struct DeviceFingerprint: FixedBytes {
    public static let byteCount = 16
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public init(account: AccountID, key: SigningPublicKey) {
        self.init(unchecked: Array(Label.hash("device-id", account.bytes, key.bytes).prefix(Self.byteCount)))
    }
}

/// Names a rotating or one-time key by its record.
public struct KeyID: FixedBytes {
    public static let byteCount = 16
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public init(of record: KeyRecord) {
        self.init(unchecked: Array(Label.hash("key-id", record.bytes).prefix(Self.byteCount)))
    }
}

/// The hash of a device certificate.
public struct CertificateHash: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public init(of certificate: DeviceCertificate) { self.init(unchecked: Label.hash("certificate", certificate.bytes)) }
}

/// Names an account of one installation: a hash of its first account key, so that it outlives every later key.
public struct AccountID: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// The HMAC of a normalised username under a key that members get. Whoever lacks the key cannot list names.
public struct NameLabel: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// The hash of an account state.
public struct StateHash: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// 32 random bytes that hide a record behind its entry.
public struct RecordSalt: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

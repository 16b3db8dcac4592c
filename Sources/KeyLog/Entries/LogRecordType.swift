/// What a record of the log says. Types that a client does not know are kept and passed over.
public struct LogRecordType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// An account has a new state.
    public static let accountState = LogRecordType(rawValue: 1)
    /// An account was deleted.
    public static let tombstone = LogRecordType(rawValue: 2)
    /// The hash of a web client's bundle that the server hands out from now on.
    public static let webRelease = LogRecordType(rawValue: 3)
}

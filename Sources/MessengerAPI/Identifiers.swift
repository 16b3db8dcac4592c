/// An integer name that the server gives out once and never again.
public protocol IntegerIdentifier: RawRepresentable<Int64>, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    init(rawValue: Int64)
}

extension IntegerIdentifier {
    public init(_ rawValue: Int64) { self.init(rawValue: rawValue) }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}

/// Names an account.
public struct UserID: IntegerIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Names a device, which is one login of a user; it stays when that user logs in again on it.
public struct DeviceID: IntegerIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Rises with each change of a user's devices or rotating keys; 0 before the first. Of different users they say nothing
/// about each other.
public struct KeysVersion: IntegerIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// Before anything is published.
    public static let zero = KeysVersion(0)
    public var next: KeysVersion { KeysVersion(rawValue + 1) }
}

/// The place of a message in one user's inbox. Numbers of different inboxes say nothing about each other.
public struct MessageNumber: IntegerIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// Before the first message.
    public static let zero = MessageNumber(0)
    public var next: MessageNumber { MessageNumber(rawValue + 1) }
    public var previous: MessageNumber { MessageNumber(rawValue - 1) }
}

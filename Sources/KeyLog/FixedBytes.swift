/// A value that is a fixed number of bytes: an identifier, a hash or a public key. Never a secret, since it shows itself.
///
/// Equal when the bytes are equal, ordered as bytes are.
public protocol FixedBytes: Hashable, Comparable, Sendable, CustomStringConvertible, CustomReflectable {
    static var byteCount: Int { get }
    var bytes: [UInt8] { get }

    /// Takes exactly `byteCount` bytes; who has another number of them uses `init(_:)`, which says so.
    init(unchecked bytes: [UInt8])
}

extension FixedBytes {
    /// Nil unless there are exactly `byteCount` bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(unchecked: Array(bytes))
    }

    /// All bytes zero: "none" in the places that say so.
    public static var zero: Self { Self(unchecked: Array(repeating: 0, count: byteCount)) }

    public static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    /// Lower-case hexadecimal.
    public var description: String { Hexadecimal.text(bytes) }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

import Crypto

/// Bytes that must not be seen: a seed, a key. They show nothing of themselves in text or in a dump, are compared in
/// constant time, and are wiped when nobody holds them any more.
public struct SecretBytes: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let key: SymmetricKey

    public init(_ bytes: some Collection<UInt8>) { key = SymmetricKey(data: Array(bytes)) }

    /// From the system's generator.
    public static func random(_ count: Int) -> SecretBytes {
        SecretBytes(SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)))
    }

    init(_ key: SymmetricKey) { self.key = key }

    public var count: Int { key.bitCount / 8 }

    /// A copy that nothing wipes: for storing it where secrets are kept, and for nothing else.
    public var exposed: [UInt8] { key.withUnsafeBytes { Array($0) } }

    var symmetricKey: SymmetricKey { key }

    public var description: String { "\(count) secret bytes" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

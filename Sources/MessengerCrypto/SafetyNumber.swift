import Crypto
import KeyLog

/// What two people compare to know that nobody stands between them: a hash of both accounts. It stays the same when either
/// gets new devices or a new account key, and changes when an account begins anew.
public struct SafetyNumber: Hashable, Sendable, CustomStringConvertible {
    private static let groups = 12
    private static let bytesPerGroup = 5

    /// 64 bytes: what a QR code carries.
    public let bytes: [UInt8]

    /// The same in either order.
    public init(server: ServerID, _ one: AccountID, _ other: AccountID) {
        var hash = SHA512()
        hash.update(data: Label.bytes("safety-number"))
        for part in [server.bytes, min(one, other).bytes, max(one, other).bytes] { hash.update(data: part) }
        bytes = Array(hash.finalize())
    }

    /// Twelve groups of five digits, each from five bytes.
    public var digits: [String] {
        (0..<Self.groups).map { group in
            let part = bytes[group * Self.bytesPerGroup..<(group + 1) * Self.bytesPerGroup]
            let digits = String(part.reduce(0 as UInt64) { $0 << 8 | UInt64($1) } % 100_000)
            return String(repeating: "0", count: 5 - digits.count) + digits
        }
    }

    public var description: String { digits.joined(separator: " ") }
}

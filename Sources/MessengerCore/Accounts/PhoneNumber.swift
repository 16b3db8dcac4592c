import Crypto
import Foundation

/// A phone number as people type it; it leaves this type only as an HMAC.
public struct PhoneNumber: Sendable {
    private let canonical: String

    /// 1 to 32 characters once spaces and the marks people group digits with are left out; nil for anything else.
    public init?(_ text: String) {
        let grouping: Set<Character> = [" ", "-", ".", "(", ")", "/"]
        let canonical = text.filter { !grouping.contains($0) }
        guard (1...32).contains(canonical.unicodeScalars.count),
            canonical.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { return nil }
        self.canonical = canonical
    }

    /// HMAC-SHA256 under the server's key: equal for equal numbers, and nothing without the key.
    public func fingerprint(key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data(canonical.utf8), using: SymmetricKey(data: key)))
    }
}

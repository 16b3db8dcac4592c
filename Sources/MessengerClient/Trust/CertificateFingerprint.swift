import Crypto

/// SHA-256 of a certificate in DER, which names a server that no authority vouches for.
public struct CertificateFingerprint: Hashable, Sendable, CustomStringConvertible {
    private static let size = SHA256.byteCount

    /// 32 bytes.
    public let bytes: [UInt8]

    public init(der: [UInt8]) { bytes = Array(SHA256.hash(data: der)) }

    /// Reads what `description` and `openssl x509 -fingerprint -sha256` write; small letters and missing colons are no fault.
    /// Nil for anything but 32 bytes.
    public init?(_ text: String) {
        let digits = Array(text.utf8.filter { $0 != UInt8(ascii: ":") })
        guard digits.count == 2 * Self.size else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// Capital hexadecimal digits, a colon between two bytes.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: ":")
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        Character(UnicodeScalar(digit)).isASCII ? Character(UnicodeScalar(digit)).hexDigitValue.map(UInt8.init) : nil
    }
}

import Crypto
import KeyLog

/// The 32 random bytes on a person's paper, from which the account key and the backup key are derived. Never a passphrase,
/// never the login password.
public struct RecoverySecret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    static let byteCount = 32
    /// 35 bytes are 56 digits of Base32 with no bit left over.
    private static let checksumSize = 3
    private static let groupSize = 4

    /// For storing it where secrets are kept, and for nothing else.
    public let bytes: SecretBytes

    /// A new one, from the system's generator.
    public init() { bytes = .random(Self.byteCount) }

    /// Nil unless there are 32 bytes.
    public init?(_ bytes: SecretBytes) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Reads what a person typed, however spaced; nil when the checksum says that something is wrong in it.
    public init?(text: String) {
        guard let typed = Base32.bytes(text), typed.count == Self.byteCount + Self.checksumSize else { return nil }
        let secret = Array(typed.prefix(Self.byteCount))
        guard Array(typed.suffix(Self.checksumSize)) == Self.checksum(secret) else { return nil }
        bytes = SecretBytes(secret)
    }

    /// Shown once: 14 groups of four digits.
    public var text: String {
        let secret = bytes.exposed
        var groups = ""
        for (place, digit) in Base32.text(secret + Self.checksum(secret)).enumerated() {
            if place > 0, place.isMultiple(of: Self.groupSize) { groups.append(" ") }
            groups.append(digit)
        }
        return groups
    }

    public func accountKey() throws -> SigningKey { try SigningKey(exactSeed: derived("messenger/v1/account-key")) }

    /// The input key of chunked encryption for backups.
    public func backupKey() -> SecretBytes { derived("messenger/v1/backup-key") }

    private func derived(_ info: String) -> SecretBytes {
        SecretBytes(
            HKDF<SHA256>.deriveKey(inputKeyMaterial: bytes.symmetricKey, info: Array(info.utf8), outputByteCount: 32))
    }

    private static func checksum(_ secret: [UInt8]) -> [UInt8] {
        Array(Label.hash("recovery-check", secret).prefix(checksumSize))
    }

    public var description: String { "recovery secret" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

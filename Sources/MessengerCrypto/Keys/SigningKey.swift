import Crypto
import KeyLog

/// The private half of an Ed25519 key, of an account or a device.
public struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public static let seedSize = 32

    public let publicKey: SigningPublicKey
    private let key: Curve25519.Signing.PrivateKey

    /// A new one, from the system's generator.
    public init() { self.init(Curve25519.Signing.PrivateKey()) }

    /// Nil unless the seed has 32 bytes.
    public init?(seed: SecretBytes) {
        guard let key = try? SigningKey(exactSeed: seed) else { return nil }
        self = key
    }

    /// Throws unless the seed has 32 bytes.
    init(exactSeed seed: SecretBytes) throws {
        self.init(try Curve25519.Signing.PrivateKey(rawRepresentation: seed.exposed))
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
        publicKey = SigningPublicKey(unchecked: Array(key.publicKey.rawRepresentation))
    }

    public var seed: SecretBytes { SecretBytes(key.rawRepresentation) }

    /// Signs `L(label)`, the server and the bytes.
    func signature(_ label: StaticString, server: ServerID, _ bytes: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: SignedBytes.of(label, server: server, bytes)))
    }

    public var description: String { "private key of \(publicKey)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}

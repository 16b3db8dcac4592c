import Crypto
import FoundationEssentials
import KeyLog

/// The private half of a rotating or one-time key. Kept as its 32-byte seed, and destroyed by forgetting that.
public struct KEMPrivateKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public static let seedSize = 32

    private enum Kind: Sendable {
        case xWing(XWingMLKEM768X25519.PrivateKey)
        case x25519(Curve25519.KeyAgreement.PrivateKey)
    }

    public let suite: KEMSuite
    public let publicKey: [UInt8]
    private let kind: Kind

    /// A new one, from the system's generator.
    public init(suite: KEMSuite) throws {
        switch suite {
        case .xWing: self.init(.xWing(try XWingMLKEM768X25519.PrivateKey()))
        case .x25519: self.init(.x25519(Curve25519.KeyAgreement.PrivateKey()))
        }
    }

    /// Nil unless the seed has 32 bytes: X-Wing's seed, or X25519's private key.
    public init?(suite: KEMSuite, seed: SecretBytes) {
        guard seed.count == Self.seedSize else { return nil }
        switch suite {
        case .xWing:
            guard let key = try? XWingMLKEM768X25519.PrivateKey(seedRepresentation: seed.exposed, publicKey: nil) else {
                return nil
            }
            self.init(.xWing(key))
        case .x25519:
            guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: seed.exposed) else { return nil }
            self.init(.x25519(key))
        }
    }

    private init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .xWing(let key):
            suite = .xWing
            publicKey = Array(key.publicKey.rawRepresentation)
        case .x25519(let key):
            suite = .x25519
            publicKey = Array(key.publicKey.rawRepresentation)
        }
    }

    public var seed: SecretBytes {
        switch kind {
        case .xWing(let key): SecretBytes(key.seedRepresentation)
        case .x25519(let key): SecretBytes(key.rawRepresentation)
        }
    }

    /// Opens what `KEMPublicKey.seal` made; nil when anything about it is wrong.
    func open(_ sealed: [UInt8], info: [UInt8]) -> SecretBytes? {
        guard sealed.count >= suite.encapsulationSize else { return nil }
        let encapsulated = Data(sealed.prefix(suite.encapsulationSize))
        let ciphertext = Data(sealed.dropFirst(suite.encapsulationSize))
        let info = Data(info)
        do {
            var recipient: HPKE.Recipient
            switch kind {
            case .xWing(let key):
                recipient = try HPKE.Recipient(
                    privateKey: key, ciphersuite: suite.ciphersuite, info: info, encapsulatedKey: encapsulated)
            case .x25519(let key):
                guard !X25519Point.isSmallOrder(encapsulated) else { return nil }
                recipient = try HPKE.Recipient(
                    privateKey: key, ciphersuite: suite.ciphersuite, info: info, encapsulatedKey: encapsulated)
            }
            return SecretBytes(try recipient.open(ciphertext))
        } catch {
            return nil
        }
    }

    public var description: String { "private \(suite) key" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["suite": suite]) }
}

import Crypto
import FoundationEssentials
import KeyLog

/// The public half of a rotating or one-time key, fit to be sealed to.
struct KEMPublicKey: Sendable {
    private enum Kind: Sendable {
        case xWing(XWingMLKEM768X25519.PublicKey)
        case x25519(Curve25519.KeyAgreement.PublicKey)
    }

    private let kind: Kind

    /// Nil for another length, and for X25519 points of small order. That an ML-KEM key is one shows when it is sealed to.
    init?(suite: KEMSuite, bytes: [UInt8]) {
        guard bytes.count == suite.publicKeySize else { return nil }
        switch suite {
        case .xWing:
            guard let key = try? XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes) else { return nil }
            kind = .xWing(key)
        case .x25519:
            guard !X25519Point.isSmallOrder(bytes),
                let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
            else { return nil }
            kind = .x25519(key)
        }
    }

    /// HPKE, base mode, single shot, no additional data: the encapsulated key and the ciphertext.
    func seal(_ plaintext: SecretBytes, info: [UInt8]) throws -> [UInt8] {
        var sender =
            switch kind {
            case .xWing(let key):
                try HPKE.Sender(recipientKey: key, ciphersuite: KEMSuite.xWing.ciphersuite, info: Data(info))
            case .x25519(let key):
                try HPKE.Sender(recipientKey: key, ciphersuite: KEMSuite.x25519.ciphersuite, info: Data(info))
            }
        return try Array(sender.encapsulatedKey + sender.seal(plaintext.exposed))
    }
}

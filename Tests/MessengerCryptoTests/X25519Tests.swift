import Crypto
import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("X25519 points that give away the key", .timeLimit(.minutes(1)))
struct X25519Tests {
    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "00000000000000000000000000000000000000000000000000000000000000ff".replacing("ff", with: "80"),
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

    @Test("Are exactly those with which every agreement gives zero", arguments: smallOrder)
    func zero(point: String) throws {
        let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: hex(point))
        let secret = try Curve25519.KeyAgreement.PrivateKey().sharedSecretFromKeyAgreement(with: key)
        #expect(secret.withUnsafeBytes { $0.allSatisfy { $0 == 0 } })
        #expect(X25519Point.isSmallOrder(hex(point)))
        #expect(KEMPublicKey(suite: .x25519, bytes: hex(point)) == nil)
    }

    @Test("Open nothing, though the secret behind them is known to everybody", arguments: smallOrder)
    func knownSecret(point: String) throws {
        let key = try KEMPrivateKey(suite: .x25519)
        let ephemeral = Curve25519.KeyAgreement.PrivateKey()
        let agreement = try ephemeral.sharedSecretFromKeyAgreement(with: .init(rawRepresentation: key.publicKey))
        let honest = try HandmadeHPKE.seal(
            [7], agreement: agreement.withUnsafeBytes { Array($0) },
            encapsulated: Array(ephemeral.publicKey.rawRepresentation), to: key.publicKey, info: [1])
        #expect(key.open(honest, info: [1])?.exposed == [7], "made by hand, it is HPKE")
        let forged = try HandmadeHPKE.seal(
            [7], agreement: Array(repeating: 0, count: 32), encapsulated: hex(point), to: key.publicKey, info: [1])
        #expect(key.open(forged, info: [1]) == nil)
    }

    @Test("Are none of the others, also not those of a wrong length")
    func others() throws {
        for _ in 0..<100 { #expect(!X25519Point.isSmallOrder(try KEMPrivateKey(suite: .x25519).publicKey)) }
        #expect(KEMPublicKey(suite: .x25519, bytes: Array(repeating: 9, count: 31)) == nil)
        #expect(KEMPublicKey(suite: .xWing, bytes: Array(repeating: 9, count: 1215)) == nil)
        #expect(KEMPrivateKey(suite: .xWing, seed: .random(31)) == nil && KEMPrivateKey(suite: .x25519, seed: .random(33)) == nil)
    }
}

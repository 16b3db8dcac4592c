import Crypto
import Foundation
import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("Vectors that others published", .timeLimit(.minutes(2)))
struct PublishedVectorTests {
    private struct Wycheproof<Group: Decodable>: Decodable {
        let testGroups: [Group]
    }

    private struct EdDSAGroup: Decodable {
        struct Key: Decodable { let pk: String }
        struct Case: Decodable {
            let tcId: Int
            let msg: String
            let sig: String
            let result: String
        }
        let publicKey: Key
        let tests: [Case]
    }

    private struct XDHGroup: Decodable {
        struct Case: Decodable {
            let tcId: Int
            let `public`: String
            let `private`: String
            let shared: String
        }
        let tests: [Case]
    }

    private struct AEADGroup: Decodable {
        struct Case: Decodable {
            let tcId: Int
            let key, iv, aad, msg, ct, tag, result: String
        }
        let ivSize, keySize, tagSize: Int
        let tests: [Case]
    }

    private struct MLKEMCase: Decodable {
        let dz, pk: String
    }

    private struct XWingCase: Decodable {
        let seed, pk, ct, ss: String
    }

    private struct HPKECase: Decodable {
        struct Encryption: Decodable {
            let aad, ct, pt: String
        }
        let mode, kem_id, kdf_id, aead_id: Int
        let info, skRm, pkRm, enc: String
        let encryptions: [Encryption]
    }

    @Test("Wycheproof's verdicts on Ed25519 are ours, points of small order aside, which we refuse")
    func ed25519() throws {
        let file = try PublishedVectors.load("Test Vectors/ed25519_test.json", as: Wycheproof<EdDSAGroup>.self)
        var count = 0
        for group in file.testGroups {
            for test in group.tests {
                count += 1
                let isValid = Ed25519.isValid(signature: hex(test.sig), of: hex(test.msg), by: hex(group.publicKey.pk))
                let isAcceptable = Ed25519.isAcceptable(Array(hex(test.sig).prefix(32)))
                #expect(isValid == (test.result == "valid" && isAcceptable), "case \(test.tcId)")
            }
        }
        #expect(count == 150)
    }

    @Test("Wycheproof's X25519 secrets come out, and those that are zero are exactly the ones we refuse")
    func x25519() throws {
        let file = try PublishedVectors.load("Test Vectors/x25519_test.json", as: Wycheproof<XDHGroup>.self)
        for test in file.testGroups.flatMap(\.tests) {
            let point = hex(test.public)
            let key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: hex(test.private))
            let secret = try key.sharedSecretFromKeyAgreement(with: .init(rawRepresentation: point))
            #expect(secret.withUnsafeBytes { Array($0) } == hex(test.shared), "case \(test.tcId)")
            #expect(X25519Point.isSmallOrder(point) == hex(test.shared).allSatisfy { $0 == 0 }, "case \(test.tcId)")
            #expect((KEMPublicKey(suite: .x25519, bytes: point) == nil) == X25519Point.isSmallOrder(point))
        }
    }

    @Test("Wycheproof's verdicts on AES-256-GCM are the library's")
    func aesGCM() throws {
        let file = try PublishedVectors.load("Test Vectors/aes_gcm_test.json", as: Wycheproof<AEADGroup>.self)
        var count = 0
        for group in file.testGroups where group.keySize == 256 && group.ivSize == 96 && group.tagSize == 128 {
            for test in group.tests {
                count += 1
                let opened = try? AES.GCM.open(
                    AES.GCM.SealedBox(nonce: AES.GCM.Nonce(data: hex(test.iv)), ciphertext: hex(test.ct), tag: hex(test.tag)),
                    using: SymmetricKey(data: hex(test.key)), authenticating: hex(test.aad))
                #expect(opened.map { Array($0) } == (test.result == "valid" ? hex(test.msg) : nil), "case \(test.tcId)")
            }
        }
        #expect(count > 60)
    }

    @Test("BoringSSL's ML-KEM-768 keys come out of their seeds")
    func mlKEM() throws {
        let cases = try PublishedVectors.load("CryptoTests/KEM/MLKEM768_BSSLKAT.json", as: [MLKEMCase].self)
        #expect(cases.count == 100)
        for test in cases {
            let key = try MLKEM768.PrivateKey(seedRepresentation: hex(test.dz), publicKey: nil)
            #expect(Array(key.publicKey.rawRepresentation) == hex(test.pk))
        }
    }

    /// As Wycheproof's and CCTV's cases of this kind: one coefficient of 768, in twelve bits, is not below 3,329.
    @Test("Nobody seals to an ML-KEM key with a coefficient that is not reduced", arguments: [3329, 4095])
    func unreduced(coefficient: Int) throws {
        let key = try KEMPrivateKey(suite: .xWing).publicKey
        let secret = SecretBytes.random(32)
        _ = try KEMPublicKey(suite: .xWing, bytes: key)?.seal(secret, info: [])
        for place in 0..<768 {
            var bytes = key
            let start = place / 2 * 3
            if place.isMultiple(of: 2) {
                bytes[start] = UInt8(coefficient & 0xFF)
                bytes[start + 1] = bytes[start + 1] & 0xF0 | UInt8(coefficient >> 8)
            } else {
                bytes[start + 1] = bytes[start + 1] & 0x0F | UInt8(coefficient & 0x0F) << 4
                bytes[start + 2] = UInt8(coefficient >> 4)
            }
            let isSealedTo = (try? KEMPublicKey(suite: .xWing, bytes: bytes)?.seal(secret, info: [])) != nil
            #expect(!isSealedTo, "coefficient \(place)")
        }
    }

    @Test("The X-Wing draft's keys and secrets come out of its seeds")
    func xWing() throws {
        let cases = try PublishedVectors.load("CryptoTests/KEM/test-vectors.json", as: [XWingCase].self)
        #expect(cases.count == 3)
        for test in cases {
            let key = try #require(KEMPrivateKey(suite: .xWing, seed: SecretBytes(hex(test.seed))))
            #expect(key.publicKey == hex(test.pk))
            let private_ = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: hex(test.seed), publicKey: nil)
            let secret = try private_.decapsulate(Data(hex(test.ct)))
            #expect(secret.withUnsafeBytes { Array($0) } == hex(test.ss))
        }
    }

    @Test("RFC 9180's sealed messages of our X25519 suite open")
    func hpke() throws {
        let cases = try PublishedVectors.load("CryptoTests/HPKE/hpke-test-vectors.json", as: [HPKECase].self).filter {
            $0.mode == 0 && $0.kem_id == 0x20 && $0.kdf_id == KEMSuite.kdf && $0.aead_id == KEMSuite.aead
        }
        #expect(cases.count == 1)
        for test in cases {
            let key = try #require(KEMPrivateKey(suite: .x25519, seed: SecretBytes(hex(test.skRm))))
            #expect(key.publicKey == hex(test.pkRm))
            var recipient = try HPKE.Recipient(
                privateKey: Curve25519.KeyAgreement.PrivateKey(rawRepresentation: hex(test.skRm)),
                ciphersuite: KEMSuite.x25519.ciphersuite, info: Data(hex(test.info)), encapsulatedKey: Data(hex(test.enc)))
            for encryption in test.encryptions.prefix(3) {
                #expect(try Array(recipient.open(hex(encryption.ct), authenticating: hex(encryption.aad))) == hex(encryption.pt))
            }
        }
    }
}

import Crypto
import Testing

@testable import KeyLog

@Suite("Ed25519 as all clients verify it", .timeLimit(.minutes(1)))
struct Ed25519Tests {
    /// The encodings of all points of small order, canonical and not.
    static let smallOrder = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

    @Test("The first vector of RFC 8032 verifies, and not for another message")
    func published() {
        let key = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        let signature = hex(
            """
            e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24\
            655141438e7a100b
            """)
        #expect(Ed25519.isValid(signature: signature, of: [], by: key))
        #expect(!Ed25519.isValid(signature: signature, of: [0], by: key))
        #expect(!Ed25519.isValid(signature: signature.dropLast(), of: [], by: key))
        #expect(!Ed25519.isValid(signature: signature + [0], of: [], by: key))
        #expect(!Ed25519.isValid(signature: signature, of: [], by: Array(key.dropLast())))
    }

    @Test("Points of small order are refused as key and as commitment", arguments: smallOrder)
    func smallOrderPoints(point: String) throws {
        let point = hex(point)
        // With the key 0100…, S = 0 and R the same, many libraries accept this for every message.
        #expect(!Ed25519.isValid(signature: point + Array(repeating: 0, count: 32), of: [1, 2, 3], by: point))
        let key = Curve25519.Signing.PrivateKey()
        let signature = try key.signature(for: [1, 2, 3])
        #expect(
            !Ed25519.isValid(signature: point + signature.suffix(32), of: [1, 2, 3], by: Array(key.publicKey.rawRepresentation)))
        #expect(!Ed25519.isAcceptable(point))
    }

    @Test("Coordinates at or above the field's size are refused, those below are not")
    func canonical() {
        let tail = Array(repeating: UInt8(0xFF), count: 30)
        for low: UInt8 in 0xED...0xFF {
            #expect(!Ed25519.isAcceptable([low] + tail + [0x7F]) && !Ed25519.isAcceptable([low] + tail + [0xFF]))
        }
        #expect(Ed25519.isAcceptable([0xEB] + tail + [0x7F]))
        #expect(Ed25519.isAcceptable([0xFF] + tail + [0x7E]))
    }

    @Test("A signature with S raised by the order is refused")
    func malleable() throws {
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        let key = Curve25519.Signing.PrivateKey()
        let signature = Array(try key.signature(for: [1]))
        var raised = signature
        var carry = 0
        for place in 0..<32 {
            let sum = Int(signature[32 + place]) + Int(order[place]) + carry
            raised[32 + place] = UInt8(sum & 0xFF)
            carry = sum >> 8
        }
        #expect(Ed25519.isValid(signature: signature, of: [1], by: Array(key.publicKey.rawRepresentation)))
        #expect(!Ed25519.isValid(signature: raised, of: [1], by: Array(key.publicKey.rawRepresentation)))
    }
}

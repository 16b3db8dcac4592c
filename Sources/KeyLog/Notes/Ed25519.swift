import Crypto

/// Ed25519 (RFC 8032) as every client of ours verifies it. Libraries differ about points that are not canonical or of small
/// order, so those are refused before the library is asked; a signature is valid for all clients or for none.
package enum Ed25519 {
    package static let publicKeySize = 32
    package static let signatureSize = 64

    package static func isValid(signature: some Collection<UInt8>, of message: [UInt8], by publicKey: [UInt8]) -> Bool {
        let signature = Array(signature)
        guard signature.count == signatureSize, isAcceptable(publicKey), isAcceptable(Array(signature.prefix(32))),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
        else { return false }
        return key.isValidSignature(signature, for: message)
    }

    /// Whether the bytes are the one encoding of a point that is not of small order, as far as its y coordinate tells.
    package static func isAcceptable(_ point: [UInt8]) -> Bool {
        guard point.count == publicKeySize else { return false }
        var y = point
        y[31] &= 0x7F
        return !isAboveField(y) && !smallOrder.contains(y)
    }

    /// 2^255 - 19 or more: the same as a smaller number.
    private static func isAboveField(_ y: [UInt8]) -> Bool {
        y[31] == 0x7F && y[0] >= 0xED && y[1...30].allSatisfy { $0 == 0xFF }
    }

    /// The y coordinates of the eight points whose order divides 8: 1, -1, 0, and those of order 8.
    private static let smallOrder: [[UInt8]] = [
        [1] + Array(repeating: 0, count: 31),
        [0xEC] + Array(repeating: 0xFF, count: 30) + [0x7F],
        Array(repeating: 0, count: 32),
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
    ]
}

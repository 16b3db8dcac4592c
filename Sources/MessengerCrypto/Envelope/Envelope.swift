import Crypto
import KeyLog

/// The parts of a sealed envelope, as far as they can be told without a key.
struct Envelope: Sendable {
    static let version: UInt8 = 1
    static let maximumSlots = 16
    static let tagSize = 16
    static let paddedSizes = 1024...65_536

    let commitment: [UInt8]
    let slots: [EnvelopeSlot]
    /// SHA-256 of everything before the body: the body's key is bound to it, and so is the sender's signature.
    let headHash: [UInt8]
    /// With its tag.
    let body: ArraySlice<UInt8>

    /// The smallest power of two that holds so many bytes; nil beyond the largest.
    static func paddedSize(for count: Int) -> Int? {
        var size = paddedSizes.lowerBound
        while size < count { size *= 2 }
        return paddedSizes.contains(size) ? size : nil
    }

    static func head(paddedSize: Int, commitment: [UInt8], slots: [EnvelopeSlot]) -> [UInt8] {
        var head: [UInt8] = [version, 0]
        head.append(bigEndian: UInt16(truncatingIfNeeded: slots.count))
        head.append(bigEndian: UInt32(truncatingIfNeeded: paddedSize + tagSize))
        head += commitment
        for slot in slots { head += slot.bytes }
        return head
    }

    /// Checks E01 and E02. The version comes first: of another one nothing else is known.
    init(_ bytes: [UInt8]) throws(EnvelopeCheck) {
        guard let version = bytes.first else { throw .malformed }
        guard version == Self.version else { throw .version }
        do {
            self = try Self.parse(bytes)
        } catch {
            throw .malformed
        }
    }

    private init(commitment: [UInt8], slots: [EnvelopeSlot], headHash: [UInt8], body: ArraySlice<UInt8>) {
        self.commitment = commitment
        self.slots = slots
        self.headHash = headHash
        self.body = body
    }

    private static func parse(_ bytes: [UInt8]) throws -> Envelope {
        var reader = ByteReader(bytes)
        _ = try reader.integer(UInt8.self)
        let flags = try reader.integer(UInt8.self)
        let count = Int(try reader.integer(UInt16.self))
        let bodySize = Int(try reader.integer(UInt32.self))
        guard flags == 0, (1...maximumSlots).contains(count), paddedSize(for: bodySize - tagSize) == bodySize - tagSize else {
            throw EnvelopeCheck.malformed
        }
        let commitment = Array(try reader.take(BodyKeys.commitmentSize))
        var slots: [EnvelopeSlot] = []
        for _ in 0..<count {
            let slot = try slot(from: &reader)
            if let last = slots.last, last.device >= slot.device { throw EnvelopeCheck.malformed }
            slots.append(slot)
        }
        let headHash = Array(SHA256.hash(data: bytes[..<reader.position]))
        let body = try reader.take(bodySize)
        try reader.end()
        return Envelope(commitment: commitment, slots: slots, headHash: headHash, body: body)
    }

    private static func slot(from reader: inout ByteReader) throws -> EnvelopeSlot {
        let device = try reader.fixed(DeviceFingerprint.self)
        let keyID = try reader.fixed(KeyID.self)
        let kem = try reader.integer(UInt16.self)
        let sealed = try reader.take(Int(try reader.integer(UInt16.self)))
        if let suite = KEMSuite(rawValue: kem), suite.sealedSecretSize != sealed.count { throw EnvelopeCheck.malformed }
        return EnvelopeSlot(device: device, keyID: keyID, kem: kem, sealed: Array(sealed))
    }
}

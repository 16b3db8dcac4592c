import KeyLog

/// Where the history lies that the old device gives the new one: a stream (`ChunkedPurpose.history`) cut into blobs of the server.
///
/// Key 32, length of the stream u64, number of blobs u16 and their ids, 32 each, sealed as `LinkSeal` says. No blobs and a length
/// of zero: there is none, or its owner does not want it to be given.
public struct LinkHistory: Sendable {
    public static let blobIDSize = 32
    /// As many as fit into a note.
    public static let mostBlobs = 1_024

    public let key: SecretBytes
    public let size: UInt64
    public let blobs: [[UInt8]]

    /// Nil for too many blobs, or wrong sizes.
    public init?(key: SecretBytes, size: UInt64, blobs: [[UInt8]]) {
        guard key.count == ChunkedEncryptor.keySize, blobs.count <= Self.mostBlobs, blobs.isEmpty == (size == 0),
            blobs.allSatisfy({ $0.count == Self.blobIDSize })
        else { return nil }
        self.key = key
        self.size = size
        self.blobs = blobs
    }

    /// That nothing comes.
    public static var none: LinkHistory? { LinkHistory(key: .random(ChunkedEncryptor.keySize), size: 0, blobs: []) }

    /// Throws when the link key cannot be sealed to.
    public func sealed(for bundle: LinkBundle, code: LinkCode) throws -> [UInt8] {
        var plain = key.exposed
        plain.append(bigEndian: size)
        plain.append(bigEndian: UInt16(truncatingIfNeeded: blobs.count))
        return try LinkSeal.seal(plain + blobs.flatMap { $0 }, for: bundle, code: code, .history)
    }

    /// Nil when it was not made for this code and key.
    public init?(sealed: [UInt8], linkKey: KEMPrivateKey, code: LinkCode) {
        guard let plain = LinkSeal.open(sealed, linkKey: linkKey, code: code, .history) else { return nil }
        var reader = ByteReader(plain)
        guard let key = try? reader.take(ChunkedEncryptor.keySize), let size = try? reader.integer(UInt64.self),
            let count = try? reader.integer(UInt16.self)
        else { return nil }
        var blobs: [[UInt8]] = []
        for _ in 0..<count {
            guard let blob = try? reader.take(Self.blobIDSize) else { return nil }
            blobs.append(Array(blob))
        }
        guard reader.remaining == 0 else { return nil }
        self.init(key: SecretBytes(key), size: size, blobs: blobs)
    }
}

/// Encrypts a stream (C2SP chunked-encryption), holding at most one chunk of it.
public struct ChunkedEncryptor: Sendable {
    public static let keySize = 32

    private var cipher: ChunkedCipher
    private var waiting: [UInt8] = []

    /// What the stream begins with: write it first.
    public let head: [UInt8]

    /// Nil unless the key has 32 bytes. Each stream gets a salt of its own.
    public init?(key: SecretBytes, purpose: ChunkedPurpose) {
        self.init(key: key, context: purpose.context, salt: SecretBytes.random(ChunkedCipher.saltSize).exposed)
    }

    init?(key: SecretBytes, context: [UInt8], salt: [UInt8]) {
        guard key.count == Self.keySize, salt.count == ChunkedCipher.saltSize else { return nil }
        cipher = ChunkedCipher(key: key, salt: salt, context: context)
        head = salt + cipher.commitment
    }

    /// The length of a stream over so many bytes.
    public static func encryptedSize(of size: Int) -> Int {
        ChunkedCipher.headSize + size + (size / ChunkedCipher.chunkSize + 1) * ChunkedCipher.tagSize
    }

    /// What can be written after these bytes; often nothing yet.
    public mutating func update(_ bytes: some Collection<UInt8>) throws -> [UInt8] {
        waiting += bytes
        var written: [UInt8] = []
        var start = 0
        while waiting.count - start >= ChunkedCipher.chunkSize {
            written += try cipher.seal(waiting[start..<start + ChunkedCipher.chunkSize])
            start += ChunkedCipher.chunkSize
        }
        waiting.removeFirst(start)
        return written
    }

    /// The end of the stream, which may not be left out: what has no end is refused as cut.
    public consuming func finish() throws -> [UInt8] { try cipher.seal(waiting) }
}

/// Decrypts a stream (C2SP chunked-encryption), holding at most one chunk of it. What comes out of `update` is authentic,
/// but may be cut: only `finish` says that all of it came.
public struct ChunkedDecryptor: Sendable {
    private let key: SecretBytes
    private let context: [UInt8]
    private var waiting: [UInt8] = []
    /// Nil before the head is complete.
    private var cipher: ChunkedCipher?
    private var failure: ChunkedError?

    /// Nil unless the key has 32 bytes.
    public init?(key: SecretBytes, purpose: ChunkedPurpose) { self.init(key: key, context: purpose.context) }

    init?(key: SecretBytes, context: [UInt8]) {
        guard key.count == ChunkedEncryptor.keySize else { return nil }
        self.key = key
        self.context = context
    }

    /// The plain bytes that these bring. After an error every call fails.
    public mutating func update(_ bytes: some Collection<UInt8>) throws(ChunkedError) -> [UInt8] {
        if let failure { throw failure }
        waiting += bytes
        do throws(ChunkedError) {
            if cipher == nil { try takeHead() }
            return try takeChunks()
        } catch {
            failure = error
            throw error
        }
    }

    /// The last bytes. Throws when the stream was cut, also at the edge of a chunk.
    public consuming func finish() throws(ChunkedError) -> [UInt8] {
        if let failure { throw failure }
        guard waiting.count >= ChunkedCipher.tagSize, var cipher else { throw .truncated }
        return try cipher.open(waiting)
    }

    private mutating func takeHead() throws(ChunkedError) {
        guard waiting.count >= ChunkedCipher.headSize else { return }
        let salt = Array(waiting[..<ChunkedCipher.saltSize])
        let cipher = ChunkedCipher(key: key, salt: salt, context: context)
        guard ConstantTime.equal(cipher.commitment, Array(waiting[ChunkedCipher.saltSize..<ChunkedCipher.headSize])) else {
            throw .wrongKey
        }
        waiting.removeFirst(ChunkedCipher.headSize)
        self.cipher = cipher
    }

    private mutating func takeChunks() throws(ChunkedError) -> [UInt8] {
        let size = ChunkedCipher.chunkSize + ChunkedCipher.tagSize
        var plain: [UInt8] = []
        var start = 0
        while waiting.count - start >= size {
            let chunk = waiting[start..<start + size]
            plain += try cipher?.open(chunk) ?? []
            start += size
        }
        waiting.removeFirst(start)
        return plain
    }
}

import KeyLog
import MessengerCrypto

/// A history on its way to a new device: encrypted as it comes, and cut into blobs, of which one is held at a time.
struct HistoryUpload: Sendable {
    /// Every blob but the last has this size. Servers take 64 MiB unless their operator wants less.
    static let blobSize = 4 << 20

    private let api: MessengerAPIClient
    private let token: String
    private let key: SecretBytes
    private var encryptor: ChunkedEncryptor
    private var waiting: [UInt8]
    private var size = 0
    private var blobs: [[UInt8]] = []

    init?(_ api: MessengerAPIClient, token: String, purpose: ChunkedPurpose) {
        let key = SecretBytes.random(ChunkedEncryptor.keySize)
        guard let encryptor = ChunkedEncryptor(key: key, purpose: purpose) else { return nil }
        (self.api, self.token, self.key, self.encryptor) = (api, token, key, encryptor)
        waiting = encryptor.head
    }

    mutating func add(_ bytes: [UInt8]) async throws {
        waiting += try encryptor.update(bytes)
        while waiting.count >= Self.blobSize { try await send(Self.blobSize) }
    }

    /// Where all of it lies. Throws `invalid` for more than fits.
    mutating func finish() async throws -> LinkHistory {
        waiting += try encryptor.finish()
        while !waiting.isEmpty { try await send(min(waiting.count, Self.blobSize)) }
        guard let history = LinkHistory(key: key, size: UInt64(size), blobs: blobs) else {
            throw MessengerError.invalid("The history is too long to be given to another device.")
        }
        return history
    }

    private mutating func send(_ count: Int) async throws {
        blobs.append(try await api.upload(Array(waiting.prefix(count)), token: token))
        waiting.removeFirst(count)
        size += count
    }
}

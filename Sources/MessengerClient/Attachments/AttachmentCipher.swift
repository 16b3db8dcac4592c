import Crypto
import Foundation
import MessengerCrypto

/// Encrypts a file into another, and back, a slice at a time. The calls block: they are for a `FileExecutor`. A task that is
/// cancelled ends them.
enum AttachmentCipher {
    private static let slice = 256 << 10

    struct Sealed: Sendable {
        /// Of the plain file.
        let size: Int
        let sealedSize: Int
        let sha256: [UInt8]
    }

    /// On disk when it returns; nothing is left of it when it throws `MessengerError.file`.
    static func seal(_ source: String, into target: String, key: SecretBytes) async throws -> Sealed {
        do {
            return try write(source, into: target, key: key)
        } catch {
            PrivateFile.remove(target)
            throw error
        }
    }

    private static func write(_ source: String, into target: String, key: SecretBytes) throws -> Sealed {
        guard var encryptor = ChunkedEncryptor(key: key, purpose: .attachment) else {
            throw MessengerError.invalid("An attachment's key has \(ChunkedEncryptor.keySize) bytes.")
        }
        let (input, output) = (try PrivateFile.openRegular(source), try PrivateFile.create(target))
        var hash = SHA256()
        var (size, sealedSize) = (0, 0)
        func put(_ bytes: [UInt8]) throws {
            hash.update(data: bytes)
            sealedSize += bytes.count
            try PrivateFile.attempting(target) { try output.write(contentsOf: Data(bytes)) }
        }
        try put(encryptor.head)
        while case let plain = try read(input, source), !plain.isEmpty {
            size += plain.count
            try put(try encryptor.update(plain))
        }
        try put(try encryptor.finish())
        try PrivateFile.attempting(target) { try output.synchronize() }
        return Sealed(size: size, sealedSize: sealedSize, sha256: Array(hash.finalize()))
    }

    /// Writes the plain file, on disk when it returns; what is there is no use unless it does. Throws
    /// `MessengerError.attachment` unless everything is as the attachment says.
    static func open(_ source: String, into target: String, _ attachment: Attachment) async throws {
        guard var decryptor = ChunkedDecryptor(key: attachment.key, purpose: .attachment) else {
            throw MessengerError.attachment(.wrongKey)
        }
        let (input, output) = (try PrivateFile.openRegular(source), try PrivateFile.create(target))
        var hash = SHA256()
        var size = 0
        func put(_ bytes: [UInt8]) throws {
            size += bytes.count
            try PrivateFile.attempting(target) { try output.write(contentsOf: Data(bytes)) }
        }
        do {
            while case let sealed = try read(input, source), !sealed.isEmpty {
                hash.update(data: sealed)
                try put(try decryptor.update(sealed))
            }
            try put(try decryptor.finish())
        } catch let error as ChunkedError {
            throw MessengerError.attachment(error)
        }
        guard Array(hash.finalize()) == attachment.sha256, size == attachment.size else {
            throw MessengerError.attachment(.changed)
        }
        try PrivateFile.attempting(target) { try output.synchronize() }
    }

    private static func read(_ file: FileHandle, _ path: String) throws -> [UInt8] {
        try Task.checkCancellation()
        return try PrivateFile.attempting(path) { Array(try file.read(upToCount: slice) ?? Data()) }
    }
}

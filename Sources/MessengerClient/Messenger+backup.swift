import Foundation
import Glibc
import KeyLog
import MessengerCrypto

/// History on a disk that nobody need trust: a C2SP encrypted stream under a key from the recovery secret.
extension Messenger {
    private static let page = 200
    private static let readSize = 65_536

    /// Writes all messages, contacts and groups of this device to a file that only its owner can read. It appears whole or not at all.
    public func backup(to path: String, recovery: RecoverySecret) async throws {
        let purpose = ChunkedPurpose.backup(server: try await log.server(), account: try parts.profile.certifiedAccount())
        guard var encryptor = ChunkedEncryptor(key: recovery.backupKey(), purpose: purpose) else {
            throw MessengerError.linkWrong
        }
        let temporary = path + ".new"
        guard FileManager.default.createFile(atPath: temporary, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: temporary)
        else { throw MessengerError.store("\(temporary) cannot be written") }
        do {
            try await removeExpired()
            try file.write(contentsOf: encryptor.head)
            for contact in try await parts.store.contacts() {
                try file.write(contentsOf: encryptor.update(BackupRecord(contact).bytes))
            }
            for record in try await parts.store.backupGroups() { try file.write(contentsOf: encryptor.update(record.bytes)) }
            for hash in try await parts.store.rememberedEnvelopes() {
                try file.write(contentsOf: encryptor.update(BackupRecord.remembered(hash).bytes))
            }
            var position = Int64.min
            while let page = try await parts.store.backupMessages(after: position, limit: Self.page) {
                for record in page.records { try file.write(contentsOf: encryptor.update(record.bytes)) }
                position = page.last
            }
            try file.write(contentsOf: encryptor.finish())
            try file.synchronize()
            try file.close()
            guard Glibc.rename(temporary, path) == 0 else { throw MessengerError.store("\(path) cannot be written") }
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }

    /// Brings back what is not here, also from another device of the account; it stands before what is. How many messages came.
    /// Throws `backup` for a wrong secret and for a file that was changed or cut; what came before the damage stays.
    public func restore(from path: String, recovery: RecoverySecret) async throws -> Int {
        let purpose = ChunkedPurpose.backup(server: try await log.server(), account: try parts.profile.certifiedAccount())
        guard let decryptor = ChunkedDecryptor(key: recovery.backupKey(), purpose: purpose) else {
            throw MessengerError.linkWrong
        }
        guard let file = FileHandle(forReadingAtPath: path) else { throw MessengerError.store("\(path) cannot be read") }
        defer { try? file.close() }
        var restoration = try await HistoryRestoration(decryptor, parts, log)
        while let piece = try file.read(upToCount: Self.readSize), !piece.isEmpty { try await restoration.take(piece) }
        return try await restoration.finish()
    }
}

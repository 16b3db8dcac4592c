import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Files on their way from the server: encrypted in a file of the store until all of it is there, then decrypted.
actor Downloads {
    /// Beyond it sizes would overflow; no server has such a file.
    private static let largestFile = 1 << 50
    /// Of a download that nobody went on with.
    private static let leftoverAge: TimeInterval = 7 * 24 * 3600

    private let parts: ClientParts
    private let files = FileExecutor()
    private var underWay: Set<String> = []

    private nonisolated var folder: String { parts.store.folder + "/downloads" }

    init(_ parts: ClientParts) { self.parts = parts }

    /// Goes on with what is here of it. Nothing is at `target` unless it returns.
    ///
    /// Tries again by itself for about a minute. Throws `MessengerError.file` when something is at `target` and is not to be
    /// replaced, `attachmentGone`, `attachment` for bytes that are not the sender's, `unreachable`, or an `APIFailure`.
    func fetch(
        _ attachment: Attachment, to target: String, replacing: Bool, progress: @Sendable (TransferProgress) -> Void
    ) async throws {
        guard let blob = BlobID(text: attachment.blob), (0...Self.largestFile).contains(attachment.size) else {
            throw MessengerError.attachmentGone
        }
        // Nothing that a sender writes becomes part of a path.
        let spool = folder + "/" + Hexadecimal.text(attachment.sha256)
        guard underWay.insert(spool).inserted else { throw MessengerError.invalid("This file is being fetched already.") }
        defer { underWay.remove(spool) }
        guard replacing || !PrivateFile.exists(target) else { throw MessengerError.file("\(target) is there already.") }
        let folder = folder
        try await withTaskExecutorPreference(files) {
            try PrivateFile.makeFolder(folder)
            await PrivateFile.empty(folder, olderThan: Self.leftoverAge)
        }
        try await bring(blob, ChunkedEncryptor.encryptedSize(of: attachment.size), into: spool, progress)
        try await open(spool, to: target, replacing: replacing, attachment)
        PrivateFile.remove(spool)
    }

    private func bring(
        _ blob: BlobID, _ total: Int, into spool: String, _ progress: @Sendable (TransferProgress) -> Void
    ) async throws {
        var pace = TransferPace()
        var offset = try await withTaskExecutorPreference(files) { try await PrivateFile.size(spool, atMost: total) }
        progress(TransferProgress(done: offset, total: total))
        while offset < total {
            do {
                let range = offset..<min(offset + pace.piece, total)
                let bytes = try await parts.api.read(range, of: blob, token: try parts.profile.token())
                let start = offset
                try await withTaskExecutorPreference(files) { try await PrivateFile.write(bytes, to: spool, at: start) }
                offset += bytes.count
                pace.succeeded()
                progress(TransferProgress(done: offset, total: total))
            } catch let failure as APIFailure where [404, 416].contains(failure.status) {
                throw MessengerError.attachmentGone
            } catch {
                try await parts.clock.sleep(try pace.failed(error))
            }
        }
    }

    private func open(_ spool: String, to target: String, replacing: Bool, _ attachment: Attachment) async throws {
        let name = ".messenger-" + Hexadecimal.text(SecretBytes.random(8).exposed)
        let temporary = URL(filePath: target).deletingLastPathComponent().appending(path: name).path
        do {
            try await withTaskExecutorPreference(files) {
                try await AttachmentCipher.open(spool, into: temporary, attachment)
                try PrivateFile.publish(temporary, as: target, replacing: replacing)
            }
        } catch {
            PrivateFile.remove(temporary)
            // What is wrong now stays wrong: the next attempt begins anew.
            if case MessengerError.attachment = error { PrivateFile.remove(spool) }
            throw error
        }
    }
}

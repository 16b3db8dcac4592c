import Foundation
import MessengerAPI
import MessengerCrypto

/// Files on their way to the server. Each is encrypted once, into a file of the store, and goes from there, however often it
/// is taken up again: what is encrypted twice under one key must be the same to the byte, and the person's file may change.
actor Uploads {
    private let parts: ClientParts
    private let files = FileExecutor()
    private var underWay: Set<PendingUpload.ID> = []

    private nonisolated var folder: String { parts.store.folder + "/uploads" }

    init(_ parts: ClientParts) { self.parts = parts }

    /// Encrypts the file; from then on it is this device's to send. Throws `MessengerError.file`.
    func begin(_ draft: AttachmentDraft) async throws -> PendingUpload.ID {
        let id = PendingUpload.ID.random()
        let key = SecretBytes.random(ChunkedEncryptor.keySize)
        let (folder, path) = (folder, path(id))
        underWay.insert(id)
        defer { underWay.remove(id) }
        try await removeLeftovers()
        let sealed = try await withTaskExecutorPreference(files) {
            try PrivateFile.makeFolder(folder)
            return try await AttachmentCipher.seal(draft.path, into: path, key: key)
        }
        let upload = StoredUpload(draft, size: sealed.size, key: key, sha256: sealed.sha256, sealedSize: sealed.sealedSize)
        try await parts.store.keep(upload, as: id, now: parts.clock.now())
        return id
    }

    /// Brings all of it to the server, and hands it to `send`, which forgets the upload with the message that it stores. Nil
    /// when the upload is not there any more, or is under way already.
    ///
    /// Tries again by itself for about a minute. What it throws then (`MessengerError.unreachable`, an `APIFailure` that may
    /// pass) leaves the upload to be taken up again; what the server will never take, or a group that one has left, is forgotten.
    func finish(
        _ id: PendingUpload.ID, progress: @Sendable (TransferProgress) -> Void,
        send: @Sendable (Attachment, AttachmentDestination) async throws -> SentMessage
    ) async throws -> SentMessage? {
        guard underWay.insert(id).inserted else { return nil }
        defer { underWay.remove(id) }
        guard let upload = try await parts.store.upload(id), let destination = upload.destination else { return nil }
        let attachment: Attachment
        do {
            attachment = try await bring(upload, id, progress)
        } catch let failure as APIFailure where !failure.mayPass && !failure.endsSession {
            try await forget(id)
            throw failure
        }
        do {
            let sent = try await send(attachment, destination)
            PrivateFile.remove(path(id))
            return sent
        } catch MessengerError.notInGroup(let name) {
            try await forget(id)
            throw MessengerError.notInGroup(name)
        }
    }

    /// Gives it up. Throws `MessengerError.invalid` while it is under way.
    func cancel(_ id: PendingUpload.ID) async throws {
        guard underWay.insert(id).inserted else { throw MessengerError.invalid("This file is being sent.") }
        defer { underWay.remove(id) }
        let blob = try await parts.store.upload(id)?.blob.flatMap { BlobID(text: $0) }
        try await forget(id)
        if let blob { await delete(blob) }
    }

    /// Nothing happens when it is another user's, or gone.
    func deleteBlob(of attachment: Attachment) async {
        if let blob = BlobID(text: attachment.blob) { await delete(blob) }
    }

    /// What cannot be deleted now expires.
    private func delete(_ blob: BlobID) async {
        if let token = try? parts.profile.token() { try? await parts.api.deleteBlob(blob, token: token) }
    }

    private func forget(_ id: PendingUpload.ID) async throws {
        try await parts.store.forget(id)
        PrivateFile.remove(path(id))
    }

    private func bring(
        _ stored: StoredUpload, _ id: PendingUpload.ID, _ progress: @Sendable (TransferProgress) -> Void
    ) async throws -> Attachment {
        var upload = stored
        var pace = TransferPace()
        while true {
            do {
                return try await attempt(&upload, id, &pace, progress)
            } catch let failure as APIFailure where failure.status == 404 && upload.blob != nil {
                // It expired before all of it had come.
                upload.blob = nil
                try await parts.clock.sleep(try pace.failed(MessengerError.unreachable("the upload has expired")))
            } catch {
                try await parts.clock.sleep(try pace.failed(error))
            }
        }
    }

    /// From where the server is to the end; ends with the first request that fails.
    private func attempt(
        _ upload: inout StoredUpload, _ id: PendingUpload.ID, _ pace: inout TransferPace,
        _ progress: @Sendable (TransferProgress) -> Void
    ) async throws -> Attachment {
        let token = try parts.profile.token()
        let blob: BlobID
        var offset = 0
        if let known = upload.blob.flatMap({ BlobID(text: $0) }) {
            blob = known
            offset = try await parts.api.uploadOffset(of: blob, token: token)
        } else {
            blob = try await parts.api.createBlob(length: upload.sealedSize, token: token)
            upload.blob = blob.text
            try await parts.store.keep(upload, as: id, now: parts.clock.now())
        }
        progress(TransferProgress(done: offset, total: upload.sealedSize))
        while offset < upload.sealedSize {
            let bytes = try await read(id, at: offset, count: min(pace.piece, upload.sealedSize - offset))
            let next = try await parts.api.append(bytes, at: offset, to: blob, token: token)
            guard next > offset else { throw MessengerError.unreachable("the upload does not go on") }
            offset = next
            pace.succeeded()
            progress(TransferProgress(done: offset, total: upload.sealedSize))
        }
        return upload.attachment(in: blob)
    }

    private func read(_ id: PendingUpload.ID, at offset: Int, count: Int) async throws -> [UInt8] {
        let path = path(id)
        return try await withTaskExecutorPreference(files) { try await PrivateFile.read(path, at: offset, count: count) }
    }

    /// Encrypted files of uploads that are not there: the program ended before it had noted, or removed them.
    private func removeLeftovers() async throws {
        let known = Set(try await parts.store.uploads().map(\.id) + underWay).map { path($0) }
        let folder = folder
        await withTaskExecutorPreference(files) { await PrivateFile.empty(folder, but: known) }
    }

    private nonisolated func path(_ id: PendingUpload.ID) -> String { folder + "/" + id.text }
}

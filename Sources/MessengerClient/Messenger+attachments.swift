import Foundation
import KeyLog
import MessengerCrypto

/// Files. They go to the server encrypted under a key that only the message carries.
extension Messenger {
    /// What fits into a message beside the rest of it.
    private static let longestText = 48 << 10

    /// Sends a file. It is encrypted into the store first, uploaded, and then sent as a message; the person's own file is not
    /// needed any more once the first progress is told.
    ///
    /// A lost connection is tried again for about a minute. When this throws `unreachable` then, or is cancelled, the upload is
    /// among `pendingUploads`: `resumeUploads` goes on with it, also after a restart, as does a client that is connected. Throws
    /// `MessengerError.file` for what is no regular file or cannot be read.
    /// - Parameters:
    ///   - mediaType: such as `image/jpeg`; by the file's name if there is none.
    ///   - progress: called as the server takes more of it.
    public func send(
        file: URL, to username: String, mediaType: String? = nil, text: String? = nil,
        progress: @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws -> SentMessage {
        try await explaining {
            do { try await ensurePrepared() } catch MessengerError.unreachable {}
            let person = try await receiver(username)
            // Before all of it is uploaded, not only after.
            try await checkSuites(.text(text ?? ""), to: person)
            return try await send(file, .person(person.username), mediaType, text, progress)
        }
    }

    /// The same to all members of a group: it is uploaded once. Throws `notInGroup`, `notFound`, too.
    public func send(
        file: URL, in group: ConversationID, mediaType: String? = nil, text: String? = nil,
        progress: @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws -> SentMessage {
        try await explaining {
            do { try await ensurePrepared() } catch MessengerError.unreachable {}
            let stored = try await self.group(group)
            guard stored.isMember else { throw MessengerError.notInGroup(stored.name) }
            try await check(.text(text ?? ""), for: group)
            return try await send(file, .group(group), mediaType, text, progress)
        }
    }

    private func send(
        _ file: URL, _ destination: AttachmentDestination, _ mediaType: String?, _ text: String?,
        _ progress: @Sendable (TransferProgress) -> Void
    ) async throws -> SentMessage {
        guard (text?.utf8.count ?? 0) <= Self.longestText else { throw MessengerError.invalid("The text is too long.") }
        let name = file.lastPathComponent
        let id = try await uploads.begin(
            AttachmentDraft(
                path: file.path, destination: destination, name: name, mediaType: mediaType ?? Attachment.mediaType(of: name),
                text: text))
        guard let sent = try await finishUpload(id, progress) else { throw MessengerError.notFound }
        return sent
    }

    /// Files whose sending was interrupted, oldest first.
    public func pendingUploads() async throws -> [PendingUpload] {
        try await parts.store.uploads().map { $0.upload.pending($0.id) }
    }

    /// Goes on with all that were interrupted, and sends them; those that are under way are passed over. When one of them
    /// fails the others are tried nevertheless, and the first error is thrown at the end.
    @discardableResult
    public func resumeUploads(
        progress: @Sendable (PendingUpload, TransferProgress) -> Void = { _, _ in }
    ) async throws -> [SentMessage] {
        try await explaining {
            let pending = try await pendingUploads()
            if !pending.isEmpty { try await ensurePrepared() }
            var sent: [SentMessage] = []
            var failure: (any Error)?
            for upload in pending {
                do {
                    if let message = try await finishUpload(upload.id, { progress(upload, $0) }) { sent.append(message) }
                } catch {
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
            return sent
        }
    }

    /// Gives a file up that was not sent yet. Throws `MessengerError.invalid` while it is under way.
    public func cancelUpload(_ id: PendingUpload.ID) async throws { try await uploads.cancel(id) }

    /// Fetches the file of a message, checks it and decrypts it into `file`, which only its owner can read. Nothing is there
    /// unless this returns.
    ///
    /// A lost connection is tried again for about a minute; what has come is kept, and the same call goes on with it, also
    /// after a restart. Throws `MessengerError.file` when something is at that place already, `attachmentGone` when the server has
    /// the file no more, and `attachment` when it is not the one that was sent. `fileName` of an attachment is a safe name.
    /// - Parameter replacing: whether a file that is there is taken the place of, all at once.
    public func download(
        _ attachment: Attachment, to file: URL, replacing: Bool = false,
        progress: @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws {
        try await explaining {
            try await downloads.fetch(attachment, to: file.path, replacing: replacing, progress: progress)
        }
    }

    /// Messages of others with files that this device knows, newest first.
    public func attachments(limit: Int = 50) async throws -> [ReceivedMessage] {
        try await removeExpired()
        return try await parts.store.attachments(limit: limit).map { ReceivedMessage($0, me: username) }
    }

    /// The file of the message at this place; nil when it has none, or is not here any more.
    public func attachment(at position: HistoryPosition) async throws -> Attachment? {
        try await removeExpired()
        return try await parts.store.message(at: position).flatMap { ReceivedMessage($0, me: username).attachment }
    }

    private func finishUpload(
        _ id: PendingUpload.ID, _ progress: @Sendable (TransferProgress) -> Void
    ) async throws -> SentMessage? {
        try await uploads.finish(id, progress: progress) { attachment, destination in
            switch destination {
            case .person(let username): try await self.post(.attachment(attachment), to: username, finishing: id)
            case .group(let group): try await self.post(.attachment(attachment), in: group, finishing: id)
            }
        }
    }
}

/// Uploads that were interrupted.
extension Messenger {
    private static let uploadInterval: Duration = .seconds(60)

    /// What fails is tried again the next time.
    func runUploads() async {
        while !Task.isCancelled {
            _ = try? await resumeUploads()
            do { try await parts.clock.sleep(Self.uploadInterval) } catch { return }
        }
    }
}

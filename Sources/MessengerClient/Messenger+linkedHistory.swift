import KeyLog
import MessengerAPI
import MessengerCrypto

/// History for a device that was linked: a second question to the owner, after the device itself.
extension Messenger {
    // MARK: The old device

    /// Gives messages, contacts and groups of this device to the one that was approved. Until it has fetched them, for at most ten minutes,
    /// the request is good for; the server holds them encrypted. Throws `unreachable`, `server`.
    public func sendHistory(to request: LinkRequest) async throws {
        try await explaining {
            let token = try parts.profile.token()
            guard var upload = HistoryUpload(parts.api, token: token, purpose: try await historyPurpose(request.code)) else {
                throw MessengerError.linkWrong
            }
            for contact in try await parts.store.contacts() { try await upload.add(BackupRecord(contact).bytes) }
            try await removeExpired()
            for record in try await parts.store.backupGroups() { try await upload.add(record.bytes) }
            var position = Int64.min
            while let page = try await parts.store.backupMessages(after: position, limit: Self.historyPage) {
                for record in page.records { try await upload.add(record.bytes) }
                position = page.last
            }
            try await post(try await upload.finish(), to: request)
        }
    }

    /// Tells the device that was approved that no history comes.
    public func refuseHistory(to request: LinkRequest) async throws {
        try await explaining {
            guard let none = LinkHistory.none else { throw MessengerError.linkWrong }
            try await post(none, to: request)
        }
    }

    private func post(_ history: LinkHistory, to request: LinkRequest) async throws {
        let note = try history.sealed(for: request.bundle, code: request.code)
        try await parts.api.postLinkNote(
            LinkNoteRequest(id: Base64Bytes(request.code.historyID), data: Base64Bytes(note)), token: try parts.profile.token())
    }

    private static let historyPage = 200

    private func historyPurpose(_ code: LinkCode) async throws -> ChunkedPurpose {
        .history(server: try await log.server(), account: try parts.profile.certifiedAccount(), bundle: code.bundleHash)
    }

    // MARK: The new device

    /// After `finishLinking`, in the same program: looks whether the other device has answered, and fetches what it gives. What
    /// fails can be tried again. Throws `linkExpired` when this device was not linked, `linkWrong`, `backup`.
    public func receiveHistory() async throws -> HistoryTransfer {
        try await explaining {
            guard let link = pendingHistory else { throw MessengerError.linkExpired }
            guard let sealed = try await parts.api.linkNote(id: link.code.historyID, token: try parts.profile.token()) else {
                return .waiting
            }
            guard let history = LinkHistory(sealed: sealed, linkKey: link.linkKey, code: link.code) else {
                throw MessengerError.linkWrong
            }
            let count = history.blobs.isEmpty ? nil : try await fetch(history, link.code)
            pendingHistory = nil
            return count.map { .received($0) } ?? .refused
        }
    }

    private func fetch(_ history: LinkHistory, _ code: LinkCode) async throws -> Int {
        guard let decryptor = ChunkedDecryptor(key: history.key, purpose: try await historyPurpose(code)),
            let size = Int(exactly: history.size)
        else { throw MessengerError.linkWrong }
        var restoration = try await HistoryRestoration(decryptor, parts, log)
        var fetched = 0
        for blob in history.blobs {
            let end = min(HistoryUpload.blobSize, size - fetched)
            for start in stride(from: 0, to: end, by: MessengerAPIClient.largestPiece) {
                let range = start..<min(start + MessengerAPIClient.largestPiece, end)
                let piece = try await parts.api.blob(blob, range, token: try parts.profile.token())
                guard piece.count == range.count else { throw MessengerError.backup(.truncated) }
                try await restoration.take(piece)
            }
            fetched += max(end, 0)
        }
        return try await restoration.finish()
    }
}

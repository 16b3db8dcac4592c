import KeyLog
import MessengerCrypto

/// Takes a stream of records into the store as it comes. What is here stays; messages that come stand before it.
struct HistoryRestoration: Sendable {
    private var decryptor: ChunkedDecryptor
    private let store: LocalStore
    private let log: LogReplica
    private let me: AccountID
    private let now: UInt64
    private var waiting: [UInt8] = []
    private var position: HistoryPosition
    private var count = 0

    init(_ decryptor: ChunkedDecryptor, _ parts: ClientParts, _ log: LogReplica) async throws {
        self.decryptor = decryptor
        store = parts.store
        me = try parts.profile.certifiedAccount()
        now = parts.clock.now()
        self.log = log
        position = try await store.positionBeforeHistory()
    }

    /// Throws `MessengerError.backup` for a wrong key and for bytes that were changed; what came before stays.
    mutating func take(_ bytes: some Collection<UInt8>) async throws {
        do {
            waiting += try decryptor.update(bytes)
        } catch {
            throw MessengerError.backup(error)
        }
        try await restore()
    }

    /// How many messages came that were not here. Throws `MessengerError.backup` when the stream was cut.
    mutating func finish() async throws -> Int {
        do {
            waiting += try decryptor.finish()
        } catch {
            throw MessengerError.backup(error)
        }
        try await restore()
        return count
    }

    private mutating func restore() async throws {
        let records = BackupRecord.take(from: &waiting)
        guard !records.isEmpty else { return }
        var labels: [String: NameLabel] = [:]
        for case .contact(let username, _, _) in records { labels[username] = try await log.label(of: username) }
        let restored = try await store.restore(records, labels: labels, after: position, me: me, now: now)
        position = restored.last
        count += restored.count
    }
}

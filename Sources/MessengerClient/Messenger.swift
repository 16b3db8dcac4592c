import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// One account on one device.
///
/// What lasts (the live stream, the outbox, rotation and refill of keys) runs from the first use of `messages`, or from
/// `connect`, until `close`. Without it everything still works on demand: `receive` fetches what waits, `send` sends.
public actor Messenger {
    public nonisolated let username: String
    public nonisolated let userID: UserID
    public nonisolated let server: ServerAddress

    nonisolated let parts: ClientParts
    nonisolated let log: LogReplica
    nonisolated let directory: Directory
    nonisolated let keys: KeyRing
    nonisolated let outbox: Outbox
    nonisolated let inbox: Inbox
    nonisolated let uploads: Uploads
    nonisolated let downloads: Downloads
    nonisolated let news = NewsSignal()
    nonisolated let feed = EventFeed()
    nonisolated let outboxNews = NewsSignal()

    private var connection: Task<Void, Never>?
    private var isClosed = false
    private var isPrepared = false
    /// What a new device waits for.
    var pendingLink: PendingLink?
    /// Once it is linked: under what the history comes, if it does.
    var pendingHistory: PendingLink?
    /// Up to which state the devices of an account were looked at.
    var noticedSeqs: [AccountID: UInt32] = [:]

    init(_ parts: ClientParts) {
        self.parts = parts
        username = parts.profile.username
        userID = parts.profile.userID
        server = parts.profile.server
        let log = LogReplica(parts)
        self.log = log
        directory = Directory(parts, log: log)
        keys = KeyRing(parts) { try await log.server() }
        outbox = Outbox(parts, log: log, directory: directory)
        inbox = Inbox(parts, log: log, directory: directory)
        uploads = Uploads(parts)
        downloads = Downloads(parts)
    }

    // MARK: Life

    /// Begins what lasts. Nothing changes when it runs already, or has been ended by `replaced` or `loggedOut`.
    public func connect() throws {
        guard !isClosed else { throw MessengerError.closed }
        guard connection == nil else { return }
        connection = Task { await self.runConnection() }
    }

    /// Ends what runs and closes the store. Afterwards `messages` end, and every call throws. May be called again.
    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        connection?.cancel()
        await connection?.value
        news.end(.closed)
        feed.end()
        await parts.api.transport.shutdown()
        try? parts.store.close()
    }

    /// Ends the session at the server. The store stays; `logIn` goes on with it.
    public func logOut() async throws {
        let token = try parts.profile.token()
        do {
            try await parts.api.logOut(username: username, token: token)
        } catch let failure as APIFailure where failure.endsSession {
            // It was ended before.
        } catch let failure as APIFailure {
            throw failure.error
        }
        try await parts.profile.update { $0.token = nil }
    }

    /// Everything that must be so before something is sent or received: the account is published, the log replayed, this
    /// device a current one, and its keys are at the server. Safe to repeat after any failure.
    func prepare() async throws {
        guard !isClosed else { throw MessengerError.closed }
        try await removeExpired()
        try await publishPending()
        try await log.refresh()
        let own = try await directory.own()
        guard own.chain.standing(of: try parts.profile.fingerprint()) == .current else { throw MessengerError.notCertified }
        try await keys.maintain(mustRotate: try await noticeRevocations(own.chain))
        try await noticeDevices(of: own)
        try await parts.store.forgetAnswerable(now: parts.clock.now())
        isPrepared = true
    }

    /// Once; later only what lasts does it again.
    func ensurePrepared() async throws {
        if !isPrepared { try await prepare() }
    }

    private static let seenSetting = "own-seq"

    /// Whether a device was removed since this one last looked: then it makes a new rotating key at once.
    private func noticeRevocations(_ chain: AccountChain) async throws -> Bool {
        let bytes = try await parts.store.setting(Self.seenSetting) ?? []
        var reader = ByteReader(bytes)
        let seen = (try? reader.integer(UInt32.self)) ?? chain.seq
        guard seen < chain.seq || bytes.isEmpty else { return false }
        var next: [UInt8] = []
        next.append(bigEndian: chain.seq)
        try await parts.store.set(Self.seenSetting, next)
        let current = Set(chain.devices.map(\.device))
        return (seen...chain.seq).contains { seq in chain.devices(at: seq).map { !$0.isSubset(of: current) } ?? true }
    }

    /// Turns what the API answers into what a person can do about it.
    func explaining<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let failure as APIFailure {
            throw failure.error
        } catch let error as MessageError {
            throw MessengerError.invalid(error.description)
        }
    }
}

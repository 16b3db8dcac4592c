import KeyLog
import MessengerAPI
import MessengerCore
import MessengerCrypto
import Synchronization
import TestSupport

/// A key directory on a backend, with a clock that the test moves.
struct KeyScene: Sendable {
    static let kinds = [BackendKind.sqlite, .postgres]

    let store: any Backend & KeyStore & KeyLogStore
    let time = TestTime()
    let log: LogIdentity
    let directory: KeyDirectory
    let loggedOut = LoggedOut()

    /// Collects the devices whose sessions have ended.
    final class LoggedOut: Sendable {
        private let devices = Mutex<[DeviceID]>([])
        var all: [DeviceID] { devices.withLock { $0 } }
        func add(_ more: [DeviceID]) { devices.withLock { $0 += more } }
    }

    /// Somebody who is logged in and has an account with one device in the log.
    struct Person: Sendable {
        let session: Session
        var account: TestKeyAccount
        var devices: [TestKeyDevice]
        var id: UserID { session.user }
        var phone: TestKeyDevice { devices[0] }
    }

    static func run(
        _ kind: BackendKind, limits: InboxLimits = InboxLimits(), _ body: (KeyScene) async throws -> Void
    ) async throws {
        try await kind.run(limits: limits) { backend in
            try await body(try await KeyScene(backend.store))
        }
    }

    init(_ store: any Backend) async throws {
        self.store = store as! any Backend & KeyStore & KeyLogStore
        log = try await self.store.openLog(now: time.now)
        directory = KeyDirectory(
            store: self.store, identity: log, time: time.source, onLoggedOut: { [loggedOut] in loggedOut.add($0) })
    }

    /// Registers and logs in.
    func session(_ name: String, of user: UserID? = nil) async throws -> Session {
        let id = if let user { user } else { try await store.register(BackendUnderTest.account(name, now: time.now)) }
        let login = BackendUnderTest.login(id, now: time.now)
        let device = try await store.logIn(login).device
        return Session(
            token: login.token, user: id, username: Username(name)!, device: device, generation: 1, lastUsed: time.now)
    }

    /// With an account, a device in the log, its rotating key and so many one-time keys.
    func person(_ name: String, oneTime: Int = 0) async throws -> Person {
        let session = try await session(name)
        var account = TestKeyAccount(name, log: log)
        let phone = try account.device(created: time.now)
        _ = try await directory.publish(try account.advance([phone]), by: session)
        _ = try await directory.publish(try phone.keys(oneTime: oneTime, created: time.now), by: session)
        return Person(session: session, account: account, devices: [phone])
    }

    func claim(
        _ target: Person, by claimer: Person, _ request: String, devices: [TestKeyDevice]? = nil
    ) async throws -> [KeyRecord] {
        let answer = try await directory.claim(
            ClaimKeysRequest(userID: target.id, requestID: request, devices: devices?.map(\.name)), by: claimer.session)
        return answer.keys.compactMap { Signed<KeyRecord>($0.record.bytes)?.object }
    }

    func replay() async throws -> LogReplay.Result {
        let files = KeyLogFiles(store: store)
        return try await LogReplay.run(try await files.identity()) { path in
            path == "checkpoint" ? try await files.checkpoint() : try await files.file(at: path)
        }
    }

    func send(
        from sender: Person, to receivers: [(Person, KeysVersion?)], key: String? = nil, text: String = "text"
    ) async throws -> SubmissionOutcome {
        let submission = Submission(
            sender: sender.id, senderUsername: sender.session.username,
            messages: receivers.map { .init(receiver: $0.0.id, body: text, keysVersion: $0.1) }, sendDate: "2026-01-01",
            key: key.map { IdempotencyKey($0)! }, fingerprint: Array(text.utf8), now: time.now)
        return try await store.append([submission]).outcomes[0]
    }

    func version(of person: Person) async throws -> KeysVersion {
        try await directory.keys(of: .user(person.id)).keysVersion
    }
}

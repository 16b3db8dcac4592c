import ClusterBackend
import Foundation
import Logging
import MessengerAPI
import MessengerCore
import SQLiteBackend
import Synchronization
import TestSupport
import Testing

typealias Backend = AccountStore & InboxStore & CallbackStore

/// The backends that one suite holds to one contract.
enum BackendKind: CaseIterable, Sendable, CustomTestStringConvertible {
    case fake, sqlite, postgres

    var testDescription: String { "\(self)" }

    /// Runs `body` on an empty backend of its own.
    func run<Value>(
        limits: InboxLimits = InboxLimits(), _ body: (BackendUnderTest) async throws -> Value
    ) async throws -> Value {
        switch self {
        case .fake:
            return try await body(BackendUnderTest(store: FakeBackend(limits: limits), restart: { $0 }))
        case .sqlite:
            let folder = try TemporaryFolder()
            let first = try SQLiteBackend(folder: folder.url, limits: limits)
            return try await body(
                BackendUnderTest(
                    store: first,
                    restart: { store in
                        try (store as! SQLiteBackend).close()
                        return try SQLiteBackend(folder: folder.url, limits: limits)
                    }))
        case .postgres:
            return try await PostgresServer.withDatabase { address in
                @Sendable func open() async throws -> PostgresBackend {
                    try await PostgresBackend.open(
                        address, limits: limits, node: { NodeID(1) }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                }
                let opened = Mutex([try await open()])
                defer { for backend in opened.withLock({ $0 }) { backend.close() } }
                return try await body(
                    BackendUnderTest(
                        store: opened.withLock { $0[0] },
                        restart: { _ in
                            let backend = try await open()
                            opened.withLock { $0.append(backend) }
                            return backend
                        }))
            }
        }
    }
}

/// A backend and short ways to use it.
struct BackendUnderTest {
    let store: any Backend
    /// Closes the store and opens it again on the same data.
    let restart: (any Backend) async throws -> any Backend

    static let start = Timestamp(milliseconds: 1_800_000_000_000)
    static let home = ClientOrigin(address: IPAddress("192.0.2.1")!, wasForwarded: false)

    func user(_ name: String) async throws -> UserID { try await store.register(Self.account(name)) }

    static func account(_ name: String, phone: String? = nil, invitation: TokenHash? = nil, now: Timestamp = start) -> NewAccount
    {
        NewAccount(
            username: Username(name)!, phoneFingerprint: Array((phone ?? name).utf8), passwordHash: "hash of \(name)",
            invitation: invitation, now: now)
    }

    static func login(
        _ user: UserID, address: String = "", pushable: Bool = false, device: DeviceID? = nil, token: String = UUID().uuidString,
        attached: Set<DeviceID> = [], now: Timestamp = start
    ) -> Login {
        Login(
            user: user, token: TokenHash(of: token), publicKey: "key", device: device,
            callback: CallbackRegistration(address: address, isPushable: pushable, origin: home, secret: Array(token.utf8)),
            attached: attached, now: now)
    }

    static func submission(
        from sender: UserID, to receivers: [UserID], _ text: String = "text", key: String? = nil, now: Timestamp = start
    ) -> Submission {
        Submission(
            sender: sender, senderUsername: Username("sender")!, messages: receivers.map { .init(receiver: $0, body: text) },
            sendDate: "2026-01-01", key: key.map { IdempotencyKey($0)! }, fingerprint: Array("\(receivers)\(text)".utf8), now: now
        )
    }

    func send(_ submission: Submission) async throws -> SubmissionOutcome { try await store.append([submission]).outcomes[0] }

    /// A store gives a target once it has said that the device is due.
    func target(of device: DeviceID) async throws -> CallbackTarget? {
        _ = try await store.callbacksDue(of: nil)
        return try await store.callbackTarget(of: device)
    }

    func texts(_ device: DeviceID, after: Int64 = 0) async throws -> [String]? {
        try await store.pending(for: device, after: MessageNumber(after), limit: 1_000, bytes: 1 << 20)?.messages.map(\.body)
    }

    func numbers(_ device: DeviceID) async throws -> [Int64]? {
        try await store.pending(for: device, after: .zero, limit: 1_000, bytes: 1 << 20)?.messages.map(\.number.rawValue)
    }

    func acknowledge(
        _ device: DeviceID, _ through: Int64, generation: Int64 = 1, byCallback: Bool = false, now: Timestamp = start
    ) async throws -> AcknowledgementOutcome {
        try await store.acknowledge([
            Acknowledgement(
                device: device, generation: generation, through: MessageNumber(through), byCallback: byCallback, now: now)
        ])[0]
    }

    /// Sweeps until nothing is left to drop.
    func sweep(now: Timestamp = start, expireBefore: Timestamp? = nil) async throws {
        for _ in 0..<3 {
            while try await store.sweep(Sweep(now: now, expireBefore: expireBefore, limit: 10)).hasMore {}
        }
    }
}

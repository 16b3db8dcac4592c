import Foundation
import MessengerAPI
import MessengerCore
import TestSupport

@testable import ClusterBackend

/// A user with one device in a backend, and short ways to act for it.
struct TestAccount: Sendable {
    static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let home = ClientOrigin(address: IPAddress("127.0.0.1")!, wasForwarded: false)

    let user: UserID
    let device: DeviceID
    let token: TokenHash
    let generation: Int64

    /// - Parameter address: where the device's messages are to be pushed; empty for nowhere.
    static func make(_ backend: PostgresBackend, address: String = "") async throws -> TestAccount {
        let name = UUID().uuidString
        let user = try await backend.register(
            NewAccount(
                username: Username(name)!, phoneFingerprint: Array(name.utf8), passwordHash: "hash", invitation: nil, now: now))
        return try await logIn(backend, user, address: address)
    }

    static func logIn(
        _ backend: PostgresBackend, _ user: UserID, address: String = "", device: DeviceID? = nil
    ) async throws -> TestAccount {
        let token = TokenHash(of: UUID().uuidString)
        let outcome = try await backend.logIn(
            Login(
                user: user, token: token, publicKey: "", device: device,
                callback: CallbackRegistration(address: address, isPushable: !address.isEmpty, origin: home, secret: [1]),
                now: now))
        let session = try await backend.session(token, now: now)
        return TestAccount(user: user, device: outcome.device, token: token, generation: session?.generation ?? 0)
    }

    var session: Session {
        Session(
            token: token, user: user, username: Username("someone")!, device: device, generation: generation, lastUsed: Self.now)
    }

    func submission(_ text: String, to receivers: [UserID]? = nil, key: String? = nil) -> Submission {
        Submission(
            sender: user, senderUsername: Username("sender")!,
            messages: (receivers ?? [user]).map { .init(receiver: $0, body: text) }, sendDate: "2026-01-01",
            key: key.map { IdempotencyKey($0)! }, fingerprint: Array("\(receivers ?? [user])\(text)".utf8), now: Self.now)
    }

    @discardableResult
    func send(
        _ text: String, to receivers: [UserID]? = nil, key: String? = nil, on backend: PostgresBackend
    ) async throws -> SubmissionOutcome {
        try await backend.append([submission(text, to: receivers, key: key)]).outcomes[0]
    }

    /// Nil when the device has gone.
    func texts(_ backend: PostgresBackend) async throws -> [String]? {
        try await backend.pending(for: device, after: .zero, limit: 1_000, bytes: 64 << 20)?.messages.map(\.body)
    }

    func numbers(_ backend: PostgresBackend) async throws -> [Int64]? {
        try await backend.pending(for: device, after: .zero, limit: 1_000, bytes: 64 << 20)?.messages.map(\.number.rawValue)
    }

    @discardableResult
    func acknowledge(_ through: Int64, on backend: PostgresBackend) async throws -> AcknowledgementOutcome {
        try await backend.acknowledge([
            Acknowledgement(
                device: device, generation: generation, through: MessageNumber(through), byCallback: false, now: Self.now)
        ])[0]
    }
}

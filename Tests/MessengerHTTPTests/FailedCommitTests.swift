import MessengerAPI
import MessengerCore
import MessengerHTTP
import Synchronization
import TestSupport
import Testing

/// A store whose disk stops answering at a commit.
private final class BreakingInboxes: InboxStore {
    enum Fault: Sendable { case unknown, full, busy }

    private let base: any InboxStore
    private let fault: @Sendable () -> Fault?

    init(_ base: any InboxStore, _ fault: @escaping @Sendable () -> Fault?) {
        self.base = base
        self.fault = fault
    }

    private func failIfBroken() throws {
        switch fault() {
        case .unknown: throw StoreError.outcomeUnknown("disk I/O error")
        case .full: throw StoreError.full
        case .busy: throw StoreError.unavailable("database is locked")
        case nil: break
        }
    }

    func append(_ submissions: [Submission]) async throws -> AppendResult {
        try failIfBroken()
        return try await base.append(submissions)
    }

    func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        try failIfBroken()
        return try await base.acknowledge(acknowledgements)
    }

    func remembered(
        _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp
    ) async throws -> SubmissionOutcome? {
        try await base.remembered(key, of: sender, fingerprint: fingerprint, now: now)
    }

    func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage? {
        try await base.pending(for: device, after: after, limit: limit, bytes: bytes)
    }

    func heads(of users: [UserID]) async throws -> [UserID: MessageNumber] { try await base.heads(of: users) }
    func sweep(_ sweep: Sweep) async throws -> SweepOutcome { try await base.sweep(sweep) }
}

@Suite("Commits that fail", .timeLimit(.minutes(1)))
struct FailedCommitTests {
    private static func broken(_ fault: @escaping @Sendable () -> BreakingInboxes.Fault?) -> @Sendable (Stores) -> Stores {
        {
            Stores(
                accounts: $0.accounts, inboxes: BreakingInboxes($0.inboxes, fault), callbacks: $0.callbacks, signal: $0.signal,
                presence: $0.presence, keys: $0.keys, blobs: $0.blobs, log: $0.log, phoneKey: $0.phoneKey)
        }
    }

    @Test("A commit without an answer is 503 for all who waited; the server ends, and has what it had accepted")
    func unknownOutcome() async throws {
        let folder = try TemporaryFolder()
        let isBroken = Mutex(false)
        let name = "ann"
        await #expect(throws: StoreError.self) {
            try await TestServer.run({
                $0.folder = folder
                $0.stores = Self.broken { isBroken.withLock { $0 } ? .unknown : nil }
            }) { server in
                let client = TestClient(server.url)
                let ann = try await TestUser.make(on: client, name: name)
                for number in 1...5 { #expect(try await ann.send("\(number)", to: ann.id).status == 200) }
                isBroken.withLock { $0 = true }
                let statuses = await withTaskGroup(of: Int?.self) { group in
                    for _ in 1...20 { group.addTask { try? await ann.send("lost", to: ann.id).status } }
                    return await group.reduce(into: [Int]()) { if let status = $1 { $0.append(status) } }
                }
                #expect(!statuses.isEmpty && statuses.allSatisfy { $0 == 503 }, "\(statuses)")
                try await eventually("nobody listens") {
                    (try? await client.call("GET", "/health", timeout: .seconds(1)).status) == nil
                }
            }
        }
        try await TestServer.run({ $0.folder = folder }) { server in
            let ann = try await TestUser.logIn(name, on: TestClient(server.url))
            #expect(try await ann.inbox().map(\.message) == ["1", "2", "3", "4", "5"])
        }
    }

    @Test("A store that cannot write for a while is 503 with a time to come again, and the server goes on")
    func refusedCommits() async throws {
        let fault = Mutex<BreakingInboxes.Fault?>(nil)
        try await TestServer.run({ $0.stores = Self.broken { fault.withLock { $0 } } }) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            #expect(try await ann.send("1", to: ann.id, key: "1").status == 200)
            for kind in [BreakingInboxes.Fault.full, .busy] {
                fault.withLock { $0 = kind }
                for answer in [try await ann.send("2", to: ann.id, key: "2"), try await ann.acknowledge(1)] {
                    #expect(answer.status == 503)
                    #expect(answer.headers["retry-after"] != nil)
                }
                #expect(try await ann.inbox().map(\.message) == ["1"])
            }
            fault.withLock { $0 = nil }
            #expect(try await ann.send("2", to: ann.id, key: "2").status == 200)
            #expect(try await ann.inbox().map(\.message) == ["1", "2"])
            #expect(try await ann.acknowledge(1).status == 200)
        }
    }
}

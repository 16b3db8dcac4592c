import Foundation
import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport
import Testing

@testable import ClusterBackend

/// For `SCENARIO_SECONDS`, or a few.
@Suite("Two processes on the same users", .timeLimit(.minutes(5)))
struct ContentionTests {
    private static let duration = Duration.seconds(
        ProcessInfo.processInfo.environment["SCENARIO_SECONDS"].flatMap { Double($0) } ?? 4)

    @Test("Appends, acknowledgements, logins, deletions, streams, callbacks and sweeps at once: no client sees a deadlock")
    func everything() async throws {
        var limits = InboxLimits()
        limits.messages = 40
        limits.devices = 3
        limits.liveKeysPerUser = 50
        try await TestDatabase.run { database in
            try await database.withBackend(limits: limits, node: NodeID(1)) { first in
                try await database.withBackend(limits: limits, node: NodeID(2)) { second in
                    let crowd = Crowd(
                        accounts: try await (0..<12).asyncMap { _ in try await TestAccount.make(first, address: "a:1") })
                    let end = ContinuousClock.now + Self.duration
                    await withTaskGroup(of: Void.self) { tasks in
                        for worker in 0..<12 {
                            tasks.addTask {
                                var random = SeededRandom(seed: 7, part: worker)
                                while ContinuousClock.now < end {
                                    await crowd.act(on: worker % 2 == 0 ? first : second, &random)
                                }
                            }
                        }
                    }
                    #expect(crowd.errors == [], "after \(crowd.actions) actions")
                    #expect(crowd.actions > 100)
                    let deadlocks = try await first.sql(
                        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
                    print("\(crowd.actions) actions in \(Self.duration), \(deadlocks) deadlocks resolved within the store")
                    try await Self.checkBooks(first)
                }
            }
        }
    }

    /// Every counter is what it counts, and every log contiguous.
    private static func checkBooks(_ backend: PostgresBackend) async throws {
        let wrong = try await backend.numbers(
            """
            SELECT i.user_id FROM inboxes i LEFT JOIN LATERAL (
                SELECT count(*) AS messages, coalesce(sum(octet_length(body)), 0) AS bytes, min(number) AS first, max(number) AS last
                FROM messages m WHERE m.user_id = i.user_id
            ) AS log ON true
            WHERE i.messages <> log.messages OR i.bytes <> log.bytes OR i.dropped_through >= i.next
                OR i.live_keys <> (SELECT count(*) FROM idempotency_keys k WHERE k.user_id = i.user_id)
                OR (log.messages > 0 AND (log.last <> i.next - 1 OR log.last - log.first + 1 <> log.messages))
                OR (log.messages > 0 AND log.first <= i.dropped_through)
                OR NOT EXISTS (SELECT 1 FROM users u WHERE u.id = i.user_id)
            """)
        #expect(wrong == [], "inboxes whose books are wrong")
        for table in ["devices", "stream_attachments", "callbacks_due", "passed_over"] {
            let orphans = try await backend.sql(
                "SELECT count(*) FROM \(table) t WHERE NOT EXISTS (SELECT 1 FROM inboxes i WHERE i.user_id = t.user_id)")
            #expect(orphans == 0, "rows of \(table) without a user")
        }
        let missing = try await backend.numbers(missingCallbacks)
        #expect(missing == [], "devices whose callbacks are forgotten")
    }

    /// Devices with an address, no stream and something to push, and without a row that says so.
    static let missingCallbacks = """
        SELECT d.id FROM devices d WHERE d.pushes
            AND EXISTS (SELECT 1 FROM messages m WHERE m.user_id = d.user_id AND m.number > d.cursor)
            AND NOT EXISTS (SELECT 1 FROM stream_attachments a WHERE a.user_id = d.user_id AND a.device_id = d.id)
            AND NOT EXISTS (SELECT 1 FROM callbacks_due c WHERE c.user_id = d.user_id AND c.device_id = d.id)
        """
}

/// Users that everybody acts on, and what went wrong.
private final class Crowd: Sendable {
    private struct State {
        var accounts: [TestAccount]
        var attachments: [StreamAttachment] = []
        var actions = 0
        var errors: [String] = []
    }

    private let state: Mutex<State>

    init(accounts: [TestAccount]) { state = Mutex(State(accounts: accounts)) }

    var actions: Int { state.withLock { $0.actions } }
    var errors: [String] { state.withLock { $0.errors } }

    func act(on backend: PostgresBackend, _ random: inout SeededRandom) async {
        do {
            try await step(backend, &random)
        } catch is AccountError {
            // Somebody else was quicker.
        } catch {
            state.withLock { $0.errors.append("\(error)") }
        }
        state.withLock { $0.actions += 1 }
    }

    private func some(_ count: Int, _ random: inout SeededRandom) -> [TestAccount] {
        state.withLock { Array($0.accounts.shuffled(using: &random).prefix(count)) }
    }

    private func step(_ backend: PostgresBackend, _ random: inout SeededRandom) async throws {
        let few = some(4, &random)
        let one = few[0]
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35:
            let submissions = few.map { account in
                account.submission(
                    "text", to: Array(Set(few.map(\.user))).shuffled(using: &random),
                    key: random.oneIn(2) ? "key-\(random.next() % 100)" : nil)
            }
            _ = try await backend.append(submissions)
        case 35..<60:
            _ = try await backend.acknowledge(
                few.shuffled(using: &random).map {
                    Acknowledgement(
                        device: $0.device, generation: $0.generation,
                        through: MessageNumber(Int64.random(in: 1...60, using: &random)),
                        byCallback: random.oneIn(2), now: TestAccount.now)
                })
        case 60..<68: try await logIn(backend, one, &random)
        case 68..<70: try await backend.logOut(one.token)
        case 70..<73: _ = try await backend.changePassword(of: one.user, to: "new", keeping: one.token)
        case 73..<75: try await replace(one, backend)
        case 75..<80: try await backend.refresh(few.map(\.token), now: TestAccount.now)
        case 80..<86:
            if let attachment = try await backend.attach(one.session) { state.withLock { $0.attachments.append(attachment) } }
        case 86..<91: if let attachment = state.withLock({ $0.attachments.popLast() }) { await backend.detach(attachment) }
        case 91..<96: _ = try await backend.callbacksDue(of: random.oneIn(2) ? nil : few.map(\.user))
        default:
            _ = try await backend.sweep(
                Sweep(now: TestAccount.now + .hours(random.oneIn(4) ? 25 : 0), expireBefore: TestAccount.now, limit: 10))
        }
    }

    private func logIn(_ backend: PostgresBackend, _ account: TestAccount, _ random: inout SeededRandom) async throws {
        let address = ["", "a:1", "b:1"].randomElement(using: &random)!
        let device = random.oneIn(2) ? account.device : nil
        let again = try await TestAccount.logIn(backend, account.user, address: address, device: device)
        state.withLock { $0.accounts[$0.accounts.indices.randomElement()!] = again }
    }

    /// Deletes the user; a new one takes the place of each of its logins.
    private func replace(_ account: TestAccount, _ backend: PostgresBackend) async throws {
        _ = try await backend.delete(account.user, now: TimeSource.system.now())
        let new = try await TestAccount.make(backend, address: "a:1")
        state.withLock { state in
            for index in state.accounts.indices where state.accounts[index].user == account.user { state.accounts[index] = new }
        }
    }
}

import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Housekeeping beside the work", .timeLimit(.minutes(1)))
struct SweepRaceTests {
    @Test("A message that comes while the expired ones of its inbox are dropped stays")
    func expiry() async throws {
        try await TestDatabase.run { database in
            try await database.withBackend { backend in
                try await database.withBackend { other in
                    let accounts = try await (0..<40).asyncMap { _ in try await TestAccount.make(backend) }
                    let everyone = accounts.map(\.user)
                    for round in 1...40 {
                        // What was sent before is expired, what is sent from now on is not.
                        let now = TestAccount.now + .hours(round)
                        let fresh = accounts.shuffled().map { account in
                            Submission(
                                sender: account.user, senderUsername: Username("sender")!,
                                messages: [.init(receiver: account.user, body: "\(round)")], sendDate: "2026-01-01", key: nil,
                                fingerprint: [], now: now)
                        }
                        try await withThrowingTaskGroup(of: Void.self) { tasks in
                            tasks.addTask {
                                while try await other.sweep(Sweep(now: now, expireBefore: now, limit: 1_000)).hasMore {}
                            }
                            for submission in fresh { tasks.addTask { _ = try await backend.append([submission]) } }
                            try await tasks.waitForAll()
                        }
                        let kept = try await backend.sql(
                            "SELECT count(*) FROM messages WHERE convert_from(body, 'UTF8') = '\(round)'")
                        try #require(kept == everyone.count, "round \(round)")
                    }
                }
            }
        }
    }

    @Test("A device that comes back while it is being given up stays")
    func comeback() async throws {
        try await TestDatabase.withBackend { backend in
            let account = try await TestAccount.make(backend, address: "a:1")
            try await backend.callbackFailed(
                CallbackFailure(device: account.device, generation: 1, at: TestAccount.now, refused: nil))
            let later = TestAccount.now + .days(8)
            let (isLocked, release) = (Gate(), Gate())
            async let held: Void = backend.pool.write { transaction in
                try transaction.run("SELECT 1 FROM inboxes FOR UPDATE")
                isLocked.open()
                while !release.isOpen { try transaction.run("SELECT pg_sleep(0.02)") }
                try transaction.run("UPDATE devices SET failing_since = NULL")
            }
            await isLocked.wait()
            async let outcome = backend.sweep(Sweep(now: later, expireBefore: later, limit: 10))
            try await eventually("the sweep waits for the inbox") {
                try await backend.sql(
                    "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
                ) > 0
            }
            release.open()
            try await held
            #expect(try await outcome.abandonedDevices == [])
            #expect(try await backend.session(account.token, now: TestAccount.now) != nil)
        }
    }
}

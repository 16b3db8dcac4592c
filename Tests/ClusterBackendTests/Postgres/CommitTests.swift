import Dispatch
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Commits", .timeLimit(.minutes(2)))
struct CommitTests {
    @Test("A commit that is held back is stepped over by no reader: what another process appends waits for it")
    func heldBack() async throws {
        try await TestDatabase.run { database in
            try await PostgresProxy.run(to: database.port) { proxy in
                try await database.withBackend(through: proxy.port) { slow in
                    try await database.withBackend { quick in
                        let receiver = try await TestAccount.make(quick)
                        let release = DispatchSemaphore(value: 0)
                        defer { release.signal() }
                        proxy.meetNextCommit(.hold(release))
                        async let first = receiver.send("first", on: slow)
                        try await eventually("the commit is held back") { proxy.faults == 1 }
                        async let second = receiver.send("second", on: quick)
                        try await eventually("the second append waits for the lock") {
                            try await quick.sql(
                                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
                            ) > 0
                        }
                        for _ in 0..<20 { #expect(try await receiver.numbers(quick) == []) }
                        release.signal()
                        #expect(try await first == .accepted(receivers: 1))
                        while try await receiver.numbers(quick) != [1, 2] { #expect(try await receiver.numbers(quick) != [2]) }
                        #expect(try await second == .accepted(receivers: 1))
                        #expect(try await receiver.texts(quick) == ["first", "second"])
                    }
                }
            }
        }
    }

    enum Cut: CaseIterable, Sendable {
        case before, after

        var fault: PostgresProxy.Fault { self == .before ? .cutBefore : .cutAfter }
    }

    @Test(
        "A connection that is cut at COMMIT, before or after it, stores what was accepted, and once", arguments: Cut.allCases,
        [nil, "key"])
    func cut(_ cut: Cut, key: String?) async throws {
        try await TestDatabase.run { database in
            try await PostgresProxy.run(to: database.port) { proxy in
                try await database.withBackend(through: proxy.port) { backend in
                    let receiver = try await TestAccount.make(backend)
                    for round in 1...3 {
                        proxy.meetNextCommit(cut.fault)
                        let outcome = try await receiver.send("\(round)", key: key.map { "\($0)-\(round)" }, on: backend)
                        #expect(outcome == .accepted(receivers: 1))
                        #expect(proxy.faults == round)
                        #expect(try await receiver.texts(backend) == (1...round).map { "\($0)" })
                    }
                    #expect(try await backend.sql("SELECT next FROM inboxes") == 4)
                }
            }
        }
    }

    @Test("Logins, acknowledgements and deletions whose COMMIT lost its answer happen once, too", arguments: Cut.allCases)
    func cutElsewhere(_ cut: Cut) async throws {
        try await TestDatabase.run { database in
            try await PostgresProxy.run(to: database.port) { proxy in
                try await database.withBackend(through: proxy.port) { backend in
                    let account = try await TestAccount.make(backend)
                    try await account.send("one", on: backend)
                    proxy.meetNextCommit(cut.fault)
                    let again = try await TestAccount.logIn(backend, account.user, device: account.device)
                    #expect(again.device == account.device && again.generation == 2)
                    proxy.meetNextCommit(cut.fault)
                    #expect(try await again.acknowledge(1, on: backend) == .cursor(MessageNumber(1)))
                    proxy.meetNextCommit(cut.fault)
                    #expect(try await backend.delete(account.user, now: TimeSource.system.now()))
                    #expect(proxy.faults == 3)
                    #expect(try await backend.numbers("SELECT count(*) FROM users") == [0])
                }
            }
        }
    }

    @Test("A server that is killed at COMMIT and started again: what was accepted is there, and once")
    func serverKilled() async throws {
        try await PostgresServer.run { server in
            let database = TestDatabase(try await server.makeDatabase())
            try await PostgresProxy.run(to: database.port) { proxy in
                try await database.withBackend(through: proxy.port) { backend in
                    let receiver = try await TestAccount.make(backend)
                    var stored: [String] = []
                    for round in 1...4 {
                        let met = DispatchSemaphore(value: 0)
                        // Before the COMMIT, or beside it.
                        proxy.meetNextCommit(.call { if round % 2 == 0 { met.wait() } })
                        async let sent = outcome(of: "\(round)", to: receiver, on: backend)
                        try await eventually("the commit is on its way") { proxy.faults == round }
                        async let killed: Void = server.kill()
                        met.signal()
                        try await killed
                        try await server.start()
                        let result = await sent
                        let texts = try await receiver.texts(backend) ?? []
                        switch result {
                        case .success(let outcome):
                            #expect(outcome == .accepted(receivers: 1))
                            stored.append("\(round)")
                        case .failure(.unreachable): break
                        // Nobody knows: both are right.
                        case .failure(.outcomeUnknown): if texts.count > stored.count { stored.append("\(round)") }
                        case .failure(let error): Issue.record(error)
                        }
                        #expect(texts == stored)
                    }
                    #expect(try await outcome(of: "last", to: receiver, on: backend).get() == .accepted(receivers: 1))
                    #expect(try await receiver.texts(backend) == stored + ["last"])
                }
            }
        }
    }

    private func outcome(
        of text: String, to receiver: TestAccount, on backend: PostgresBackend
    ) async -> Result<SubmissionOutcome, StoreError> {
        do {
            return .success(try await receiver.send(text, on: backend))
        } catch {
            return .failure(error as? StoreError ?? .unavailable("\(error)"))
        }
    }
}

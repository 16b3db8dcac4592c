import Dispatch
import Glibc
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

/// A crash makes the server forget transactions of which nothing is on its disk, and give their numbers to others.
@Suite("Transaction numbers after a crash", .timeLimit(.minutes(1)))
struct ReusedTransactionTests {
    enum Crash: CaseIterable, Sendable {
        /// As `kill -9` of all of it, or a power cut.
        case ofTheServer
        /// As `kill -9` of one of its processes: the others end with it, and the postmaster starts anew.
        case ofOneProcess
    }

    /// Nothing reaches the disk on its own.
    private static let settings = ["wal_writer_delay = '10s'", "autovacuum = off", "checkpoint_timeout = '1h'"]

    @Test(
        "A commit that a crash undid is not taken for the other one that has its number now", arguments: Crash.allCases)
    func reused(_ crash: Crash) async throws {
        try await PostgresServer.run(settings: Self.settings) { server in
            let database = TestDatabase(try await server.makeDatabase())
            try await PostgresProxy.run(to: database.port) { proxy in
                try await database.withBackend(through: proxy.port) { backend in
                    let receiver = try await TestAccount.make(backend)
                    let release = DispatchSemaphore(value: 0)
                    defer { release.signal() }
                    proxy.meetNextCommit(.hold(release))
                    async let sent = outcome(of: "lost", to: receiver, on: backend)
                    try await eventually("the commit is held back") { proxy.faults == 1 }
                    let number = try await self.number(on: server)
                    // Nobody is asked about it before it is another's.
                    proxy.isAway = true
                    try await bring(crash, to: server)
                    try await use(number, on: server)
                    proxy.isAway = false
                    release.signal()
                    let result = await sent
                    guard case .failure(.outcomeUnknown(let reason)) = result else {
                        Issue.record("\(result), although it may be stored or not")
                        return
                    }
                    #expect(reason.contains("crashed at a commit"), "its number was not looked at")
                    #expect(try await receiver.texts(backend) == [])
                }
            }
        }
    }

    private static let open = "FROM pg_stat_activity WHERE backend_xid IS NOT NULL"

    /// Of the one transaction that is open.
    private func number(on server: PostgresServer) async throws -> Int64 {
        try #require(Int64(try await server.sql("SELECT backend_xid \(Self.open)")))
    }

    private func bring(_ crash: Crash, to server: PostgresServer) async throws {
        switch crash {
        case .ofTheServer:
            await server.kill()
            try await server.start()
        case .ofOneProcess:
            let process = try #require(pid_t(try await server.sql("SELECT pid \(Self.open)")))
            kill(process, SIGKILL)
            try await eventually("the server has started anew") {
                (try? await server.sql("SELECT count(*) \(Self.open)")) == "0"
            }
        }
    }

    /// Commits other transactions, up to one that has this number.
    private func use(_ number: Int64, on server: PostgresServer) async throws {
        var last: Int64 = 0
        while last < number { last = try #require(Int64(try await server.sql("SELECT pg_current_xact_id()"))) }
        #expect(last == number, "the number was not given anew: nothing is tried")
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

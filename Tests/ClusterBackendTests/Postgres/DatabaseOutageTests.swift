import Dispatch
import Foundation
import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("A database in trouble", .timeLimit(.minutes(2)))
struct DatabaseOutageTests {
    @Test("Read-only it refuses what is to be written, and works again by itself when it may be written to")
    func readOnly() async throws {
        try await PostgresServer.run { server in
            let database = TestDatabase(try await server.makeDatabase())
            try await database.withBackend { backend in
                let account = try await TestAccount.make(backend)
                try await account.send("before", on: backend)
                for ending in [
                    "pg_reload_conf()", "pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'",
                ] {
                    try await server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
                    try await server.sql("SELECT pg_reload_conf()")
                    try await eventually("it is read-only") { try await server.sql("SHOW default_transaction_read_only") == "on" }
                    try await server.sql("SELECT \(ending)")
                    await #expect(throws: StoreError.self) { try await account.send("meanwhile", on: backend) }
                    try await eventually("it says so") {
                        #expect(await storeError { try await account.send("meanwhile", on: backend) } != nil)
                        return !backend.isReachable
                    }
                    try await server.sql("ALTER SYSTEM RESET default_transaction_read_only")
                    try await server.sql("SELECT pg_reload_conf()")
                    try await eventually("it works again") { (try? await account.send("after", on: backend)) != nil }
                    #expect(backend.isReachable)
                }
                #expect(try await account.texts(backend) == ["before", "after", "after"])
            }
        }
    }

    /// The disk is one for the tables of one database.
    @Test(
        "On a full disk sends are refused as `full`, acknowledging goes on, and it works again when there is room",
        .enabled("needs root, and a kernel that mounts tmpfs") { await SmallDisk.canBeMade })
    func fullDisk() async throws {
        let folder = try TemporaryFolder()
        try await ChildProcess.run("chown", ["postgres", folder.path]).assertSuccess()
        try await SmallDisk.run(over: folder.path, megabytes: 48) { disk in
            try await PostgresServer.run { server in
                try await server.sql("CREATE TABLESPACE small LOCATION '\(folder.path)'")
                try await server.sql("CREATE DATABASE full_disk TEMPLATE template_messenger TABLESPACE small")
                try await TestDatabase(try server.address("full_disk")).withBackend { try await fill(disk, of: $0) }
            }
        }
    }

    private func fill(_ disk: SmallDisk, of backend: PostgresBackend) async throws {
        let account = try await TestAccount.make(backend)
        // Text that cannot be compressed.
        var random = SeededRandom(seed: 1)
        func text() -> String {
            String(decoding: (0..<(2 << 20)).map { _ in UInt8(33 + random.next() % 94) }, as: UTF8.self)
        }
        var accepted: [String] = []
        let failure = await #expect(throws: StoreError.self) {
            while accepted.count < 1_000 {
                let text = text()
                try await account.send(text, on: backend)
                accepted.append(text)
            }
        }
        #expect(failure == .full)
        #expect(try await account.texts(backend) == accepted)
        #expect(try await account.acknowledge(1, on: backend) == .cursor(MessageNumber(1)))
        try disk.resize(megabytes: 96)
        try await account.send("there is room", on: backend)
        #expect(try await account.texts(backend) == accepted.dropFirst() + ["there is room"])
    }

    @Test("Restarted under load: nothing that was accepted is lost or doubled, and it goes on by itself")
    func restart() async throws {
        try await PostgresServer.run { server in
            let database = TestDatabase(try await server.makeDatabase())
            try await database.withBackend { backend in
                let accounts = try await (0..<4).asyncMap { _ in try await TestAccount.make(backend) }
                let stop = Gate()
                let results = try await withThrowingTaskGroup(of: (Int, accepted: [String], unknown: [String]).self) { tasks in
                    for (index, account) in accounts.enumerated() {
                        tasks.addTask {
                            let (accepted, unknown) = await Self.sendUntil(stop, account, backend)
                            return (index, accepted, unknown)
                        }
                    }
                    for round in 0..<4 {
                        let before = try await backend.sql("SELECT count(*) FROM messages")
                        try await eventually("it goes on", within: .seconds(30)) {
                            try await backend.sql("SELECT count(*) FROM messages") > before + 20
                        }
                        if round == 2 {
                            await server.kill()
                            try await server.start()
                        } else if round < 2 {
                            try await server.restart()
                        }
                    }
                    stop.open()
                    return try await tasks.reduce(into: []) { $0.append($1) }
                }
                for (index, accepted, unknown) in results {
                    let texts = try await accounts[index].texts(backend) ?? []
                    #expect(texts.filter { !unknown.contains($0) } == accepted)
                    #expect(Set(texts).count == texts.count)
                    #expect(try await accounts[index].numbers(backend) == (0..<texts.count).map { Int64($0) + 1 })
                    #expect(!accepted.isEmpty)
                }
            }
        }
    }

    /// What was accepted, and what nobody knows of.
    private static func sendUntil(
        _ stop: Gate, _ account: TestAccount, _ backend: PostgresBackend
    ) async -> (accepted: [String], unknown: [String]) {
        var (accepted, unknown, number) = ([] as [String], [] as [String], 0)
        while !stop.isOpen {
            number += 1
            do {
                try await account.send("\(number)", on: backend)
                accepted.append("\(number)")
            } catch StoreError.outcomeUnknown {
                unknown.append("\(number)")
            } catch {}
        }
        return (accepted, unknown)
    }

    @Test("Connections that an operator ends cost nobody anything")
    func terminated() async throws {
        try await TestDatabase.run { database in
            try await database.withBackend { backend in
                try await database.withBackend { operation in
                    let account = try await TestAccount.make(backend)
                    let done = Gate()
                    async let sent: Void = {
                        defer { done.open() }
                        for number in 1...100 { try await account.send("\(number)", on: backend) }
                    }()
                    while !done.isOpen {
                        try await operation.sql(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                        )
                        try await Task.sleep(for: .milliseconds(250))
                    }
                    try await sent
                    #expect(try await account.texts(backend) == (1...100).map { "\($0)" })
                }
            }
        }
    }

    @Test("A lock that is not had and a statement that takes too long are given up; nothing is written")
    func timeouts() async throws {
        try await TestDatabase.withBackend { backend in
            let account = try await TestAccount.make(backend)
            // The server sleeps on when its client has gone.
            async let held = storeError {
                try await backend.pool.write { transaction in
                    try transaction.run("SET LOCAL statement_timeout = 0")
                    try transaction.run("SELECT 1 FROM inboxes FOR UPDATE")
                    try transaction.run("SELECT pg_sleep(12)")
                }
            }
            try await eventually("the lock is held") {
                try await backend.numbers(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(12)' AND state = 'active' AND pid <> pg_backend_pid()"
                ) == [1]
            }
            async let slow = storeError { try await backend.sql("SELECT 1 FROM pg_sleep(30)") }
            let start = ContinuousClock.now
            #expect(await storeError { try await account.send("in vain", on: backend) } != nil)
            #expect(await slow != nil)
            #expect(await held != nil)
            #expect(ContinuousClock.now - start < .seconds(12))
            try await account.send("at last", on: backend)
            #expect(try await account.texts(backend) == ["at last"])
        }
    }

    @Test("A crowd that waits for connections delays neither appends nor acknowledgements nor the registration")
    func crowd() async throws {
        try await TestDatabase.withBackend { backend in
            let account = try await TestAccount.make(backend)
            let node = try await backend.register("listener").0
            let start = ContinuousClock.now
            async let crowd: Void = withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<24 { tasks.addTask { _ = try await backend.sql("SELECT 1 FROM pg_sleep(1)") } }
                try await tasks.waitForAll()
            }
            try await eventually("all connections are in use") {
                let sleeping = try await backend.registrationPool.run(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(1)%' AND wait_event = 'PgSleep'"
                ) { $0.first?.int(0) }
                return sleeping == 8
            }
            try await account.send("text", on: backend)
            try await account.acknowledge(1, on: backend)
            #expect(try await backend.renew(node) != nil)
            #expect(try await backend.endedSessions().ended == [])
            #expect(ContinuousClock.now - start < .seconds(2))
            try await crowd
            #expect(ContinuousClock.now - start > .seconds(3))
        }
    }

    @Test("A process that stops in the middle of a transaction loses its locks before others give up")
    func stoppedProcess() async throws {
        try await TestDatabase.withBackend { backend in
            let account = try await TestAccount.make(backend)
            let (isLocked, release) = (Gate(), DispatchSemaphore(value: 0))
            async let stopped = storeError {
                try await backend.pool.write { transaction in
                    guard !isLocked.isOpen else { return }
                    try transaction.run("SELECT 1 FROM inboxes FOR UPDATE")
                    isLocked.open()
                    release.wait()
                    try transaction.run("DELETE FROM inboxes")
                }
            }
            await isLocked.wait()
            #expect(try await account.send("soon", on: backend) == .accepted(receivers: 1))
            release.signal()
            #expect(await stopped == nil, "it runs once more, with nothing to do")
            #expect(try await account.texts(backend) == ["soon"])
        }
    }
}

/// What the store says; nil when it does its work.
private func storeError(_ work: () async throws -> some Any) async -> StoreError? {
    do {
        _ = try await work()
        return nil
    } catch {
        return error as? StoreError ?? .unavailable("not a store error: \(error)")
    }
}

extension Sequence {
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}

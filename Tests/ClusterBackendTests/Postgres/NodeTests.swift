import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Processes and what they hold", .timeLimit(.minutes(1)))
struct NodeTests {
    /// A backend with a registration that the test moves through time.
    private func withNodes(_ count: Int, _ body: ([(backend: PostgresBackend, node: NodeID)]) async throws -> Void) async throws {
        try await TestDatabase.run { database in
            let ids = Mutex([NodeID?](repeating: nil, count: count))
            var nodes: [(PostgresBackend, NodeID)] = []
            defer { for (backend, _) in nodes { backend.close() } }
            for index in 0..<count {
                let backend = try await PostgresBackend.open(
                    database.address, node: { ids.withLock { $0[index] } }, logger: TestDatabase.silent)
                let id = try await backend.register("sender").0
                ids.withLock { $0[index] = id }
                nodes.append((backend, id))
            }
            try await body(nodes)
        }
    }

    /// As if the node had not renewed its registration for its lease.
    private func runOut(_ node: NodeID, _ backend: PostgresBackend) async throws {
        try await backend.sql("UPDATE nodes SET alive_until = clock_timestamp() - interval '1 ms' WHERE id = \(node)")
    }

    @Test("A registration holds for 8 s by the database's clock, and is never given out again")
    func lease() async throws {
        try await withNodes(2) { nodes in
            #expect(nodes[0].node != nodes[1].node)
            let (backend, node) = nodes[0]
            let left = "SELECT (extract(epoch FROM alive_until - clock_timestamp()) * 1000)::bigint FROM nodes WHERE id = \(node)"
            try await backend.sql("UPDATE nodes SET alive_until = clock_timestamp() + interval '1 s'")
            let before = TimeSource.system.now()
            let renewal = try #require(try await backend.renew(node))
            #expect(try await (7_000...8_000).contains(backend.sql(left)))
            #expect(abs((renewal.databaseTime - before).inSeconds) < 1)
            #expect(try await backend.retireDead() == [])
            try await backend.retire(node)
            #expect(try await backend.renew(node) == nil)
            #expect(try await nodes[1].backend.register("sender").0 > nodes[1].node)
        }
    }

    @Test("What a dead node held, callbacks and streams, goes to others; it cannot renew, and what it adds late is given up, too")
    func death() async throws {
        try await withNodes(2) { nodes in
            let (dead, deadID) = nodes[0]
            let (other, _) = nodes[1]
            let pushed = try await TestAccount.make(dead, address: "a:1")
            let streaming = try await TestAccount.make(dead, address: "a:2")
            for account in [pushed, streaming] { try await account.send("text", on: dead) }
            _ = try await dead.attach(streaming.session)
            #expect(try await dead.callbacksDue(of: nil).map(\.device) == [pushed.device])
            #expect(try await other.callbacksDue(of: nil) == [])

            try await runOut(deadID, other)
            #expect(try await other.retireDead() == [deadID])
            #expect(try await dead.renew(deadID) == nil)
            #expect(try await Set(other.callbacksDue(of: nil).map(\.device)) == [pushed.device, streaming.device])
            #expect(try await dead.callbackTarget(of: pushed.device) == nil)
            #expect(try await other.callbackTarget(of: pushed.device)?.device == pushed.device)

            // Transactions that it had begun before.
            let late = try await TestAccount.make(other, address: "a:3")
            try await late.send("text", on: other)
            #expect(try await dead.callbacksDue(of: nil).map(\.device) == [late.device])
            _ = try await dead.attach(pushed.session)
            #expect(try await other.retireDead() == [deadID])
            #expect(try await other.retireDead() == [])
            #expect(
                try await Set(other.callbacksDue(of: nil).map(\.device)) == [pushed.device, streaming.device, late.device])
        }
    }

    @Test("A thousand streams of a dead node are given up in a few transactions, and none of them is forgotten")
    func manyStreams() async throws {
        try await withNodes(2) { nodes in
            let (backend, node) = nodes[0]
            try await backend.sql(
                "INSERT INTO users (username, phone, password_hash, created_at) SELECT 'u' || n, int8send(n), '', 0 FROM generate_series(1, 1200) AS n"
            )
            try await backend.sql("INSERT INTO inboxes (user_id, next, messages) SELECT id, 2, 1 FROM users")
            try await backend.sql("INSERT INTO messages SELECT id, 1, id, 'sender', '2026-01-01', 0, 'text' FROM users")
            try await backend.sql(
                """
                INSERT INTO devices (user_id, cursor, token, token_used, last_seen, address, pushes, origin, origin_forwarded, origin_key, secret)
                SELECT id, 0, int8send(id), 0, 0, 'a:1', true, '127.0.0.1', false, '', '' FROM users
                """)
            try await backend.sql("INSERT INTO stream_attachments SELECT user_id, id, \(node), id FROM devices")
            try await runOut(node, nodes[1].backend)
            let start = ContinuousClock.now
            #expect(try await nodes[1].backend.retireDead() == [node])
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(try await backend.sql("SELECT count(*) FROM stream_attachments") == 0)
            #expect(try await backend.sql("SELECT count(*) FROM callbacks_due WHERE node IS NULL") == 1_200)
        }
    }

    @Test("Sessions that ended are told, each at least once, also those of a transaction that ends after later ones")
    func endedOutOfOrder() async throws {
        try await TestDatabase.withBackend { backend in
            let (slow, quick) = (try await TestAccount.make(backend), try await TestAccount.make(backend))
            var next = try await backend.endedSessions().next
            let (isNoted, release) = (Gate(), Gate())
            async let held: Void = backend.pool.write { transaction in
                try transaction.run("INSERT INTO ended_sessions (device_id, generation) VALUES ($1, 2)", .id(slow.device))
                isNoted.open()
                while !release.isOpen { try transaction.run("SELECT pg_sleep(0.02)") }
            }
            await isNoted.wait()
            try await backend.logOut(quick.token)
            for _ in 0..<3 {
                let read = try await backend.endedSessions(from: next)
                #expect(read.ended == [EndedSessions(device: quick.device, before: 2)])
                next = read.next
            }
            release.open()
            try await held
            #expect(try await backend.endedSessions(from: next).ended.contains(EndedSessions(device: slow.device, before: 2)))
        }
    }

    @Test(
        "What ends a session names the first that goes on: the next login of a device is not ended by the end of the one before")
    func endedGenerations() async throws {
        try await TestDatabase.withBackend { backend in
            let first = try await TestAccount.make(backend)
            let start = try await backend.endedSessions().next
            func ended() async throws -> [EndedSessions] { try await backend.endedSessions(from: start).ended }
            let second = try await TestAccount.logIn(backend, first.user, device: first.device)
            #expect(second.generation == 2)
            #expect(try await ended() == [EndedSessions(device: first.device, before: 2)])
            let other = try await TestAccount.logIn(backend, first.user)
            _ = try await backend.changePassword(of: first.user, to: "new", keeping: other.token)
            #expect(try await ended().last == EndedSessions(device: first.device, before: 3))
            #expect(try await backend.delete(first.user, now: TimeSource.system.now()))
            #expect(try await ended().suffix(2).allSatisfy { $0.before == .max })
        }
    }
}

import ClusterBackend
import Foundation
import GRDB
import MessengerCore
import SQLiteBackend
import Synchronization
import TestSupport
import Testing

@testable import messenger_server

/// A data folder becomes a PostgreSQL database that answers as the folder did.
@Suite(.timeLimit(.minutes(2)))
struct MigrationTests {
    @Test(arguments: [false, true])
    func `The database answers as the data folder did, and goes on as it would have`(afterCrash isCrashed: Bool) async throws {
        let installation = try await Installation(isCrashed: isCrashed)
        try await PostgresServer.withDatabase { address in
            try await SQLiteToPostgres(folder: installation.folder.url, target: address, logger: silent) { _ in }.run()
            try await expectEqual(installation, address)
        }
    }

    @Test func `Broken off at every step and run again, it ends as if it had not been`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { address in
            var steps = 0
            var isDone = false
            while !isDone {
                do {
                    try await SQLiteToPostgres.breakingOff(installation.folder, to: address) {
                        if case .copying = $0 { true } else { false }
                    }
                    isDone = true
                } catch is CancellationError {
                    steps += 1
                    await #expect(throws: PostgresBackend.OpenError.self) { try await withPostgres(address) { _ in } }
                }
            }
            #expect(steps > 30)
            try await expectEqual(installation, address)
        }
    }

    @Test func `Broken off while it compares, or before the folder says that it is copied, it ends as well`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { address in
            await #expect(throws: CancellationError.self) {
                try await SQLiteToPostgres.breakingOff(installation.folder, to: address) {
                    if case .compared("messages", _) = $0 { true } else { false }
                }
            }
            await #expect(throws: PostgresBackend.OpenError.self) { try await withPostgres(address) { _ in } }
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: address).run()

            let marker = try #require(try DataFolderMarker.read(in: installation.folder.url))
            try DataFolderMarker(.copying, copy: marker.copy, target: marker.target).write(in: installation.folder.url)
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: address).run()
            #expect(try DataFolderMarker.read(in: installation.folder.url) == marker)
        }
    }

    @Test func `Run again when it is complete, it leaves what has happened since`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { address in
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: address).run()
            let user = try await withPostgres(address) { try await $0.register(Installation.account("later", phone: "later")) }
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: address).run()
            let found = try await withPostgres(address) { try await $0.account(named: Username("later")!, from: nil) }
            #expect(found?.id == user)
        }
    }

    @Test func `An installation that nobody has used yet can be copied`() async throws {
        let folder = try TemporaryFolder()
        try SQLiteBackend(folder: folder.url).close()
        try await PostgresServer.withDatabase { address in
            try await SQLiteToPostgres.inSmallSteps(folder, to: address).run()
            let user = try await withPostgres(address) { try await $0.register(Installation.account("ann", phone: "ann")) }
            #expect(user.rawValue == 1)
        }
    }

    @Test func `Every table and column of a data folder is copied`() async throws {
        let folder = try TemporaryFolder()
        try SQLiteBackend(folder: folder.url).close()
        let queue = try DatabaseQueue(path: folder.path + "/messenger.sqlite")
        let columns = try await queue.read { db in
            let tables = try String.fetchSet(
                db,
                sql: """
                    SELECT name FROM sqlite_master
                    WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'grdb_migrations'
                    """)
            return try Dictionary(uniqueKeysWithValues: tables.map { ($0, Set(try db.columns(in: $0).map(\.name))) })
        }
        var copied = Dictionary(uniqueKeysWithValues: StoredTable.all.map { ($0.name, Set($0.columns.map(\.name))) })
        // Keys are named by user and key; their age is in a column of its own.
        copied["idempotency_keys"]?.insert("id")
        // Found through the device.
        copied["passed_over"]?.remove("user_id")
        #expect(columns == copied)
    }

    @Test func `It says how far it is, and that both are equal`() async throws {
        let installation = try await Installation()
        let lines = Mutex<[String]>([])
        let progress = ProgressLines { line in lines.withLock { $0.append(line) } }
        try await PostgresServer.withDatabase { address in
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: address, report: progress.show).run()
        }
        let printed = lines.withLock { $0 }
        #expect(printed.contains("users: 5 of 5 rows copied (100 %)"))
        #expect(printed.contains { $0.hasPrefix("users: equal, 5 rows, SHA-256 ") })
        #expect(printed.count < 60)
    }
}

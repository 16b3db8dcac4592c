import Foundation
import GRDB
import MessengerAPI
import MessengerCore
import SQLiteBackend
import Synchronization
import TestSupport
import Testing

@testable import ClusterBackend
@testable import messenger_server

/// What is not copied, and who is kept away.
@Suite(.timeLimit(.minutes(2)))
struct MigrationRefusalTests {
    private func refusal(_ folder: URL, _ target: PostgresAddress) async throws -> String {
        do {
            try await SQLiteToPostgres(folder: folder, target: target, logger: silent) { _ in }.run()
        } catch {
            return "\(error)"
        }
        Issue.record("it was copied")
        return ""
    }

    @Test func `A folder in use, or without an installation, is left alone`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { address in
            do {
                let lock = try DataFolderLock(folder: installation.folder.url)
                #expect(try await refusal(installation.folder.url, address).contains("stop it first"))
                withExtendedLifetime(lock) {}
            }
            #expect(try DataFolderMarker.read(in: installation.folder.url) == nil)
            let empty = try TemporaryFolder()
            #expect(try await refusal(empty.url, address).contains("no installation"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: empty.path) == [])
            let users = try await withPostgres(address) { try await $0.statistics().users }
            #expect(users == 0)
        }
    }

    @Test func `A database that holds anything else is left alone, and the folder stays in use`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { address in
            try await withPostgres(address) { _ = try await $0.secret(named: "phone", bytes: 32) }
            #expect(try await refusal(installation.folder.url, address).contains("is not empty"))
            try SQLiteBackend(folder: installation.folder.url).close()
        }
    }

    @Test func `The copy of another folder, or of this one before it was used again, is left alone`() async throws {
        let (one, other) = (try await Installation(), try await Installation())
        try await PostgresServer.withDatabase { address in
            await #expect(throws: CancellationError.self) {
                try await SQLiteToPostgres.breakingOff(one.folder, to: address) { _ in true }
            }
            #expect(try await refusal(other.folder.url, address).contains("the copy of another data folder"))
            try FileManager.default.removeItem(at: one.folder.url.appending(path: "migration.json"))
            try SQLiteBackend(folder: one.folder.url).close()
            #expect(try await refusal(one.folder.url, address).contains("as it was before"))
        }
    }

    @Test func `A folder is copied once`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { first in
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: first).run()
            try await PostgresServer.withDatabase { second in
                let text = try await refusal(installation.folder.url, second)
                #expect(text.contains("copied already, to \(first)"))
            }
        }
    }

    @Test func `An unfinished copy may begin again in another database`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { first in
            await #expect(throws: CancellationError.self) {
                try await SQLiteToPostgres.breakingOff(installation.folder, to: first) { _ in true }
            }
            try await PostgresServer.withDatabase { second in
                try await SQLiteToPostgres.inSmallSteps(installation.folder, to: second).run()
                try await expectEqual(installation, second)
            }
            await #expect(throws: PostgresBackend.OpenError.self) { try await withPostgres(first) { _ in } }
        }
    }

    @Test(arguments: [
        "UPDATE messages SET body = body || '\\x21' WHERE (user_id, number) = (2, 9)",
        "DELETE FROM messages WHERE (user_id, number) = (2, 9)",
        "UPDATE devices SET cursor = cursor + 1 WHERE id = 2", "UPDATE devices SET token = NULL WHERE id = 1",
        "INSERT INTO secrets VALUES ('another', '')",
    ])
    func `One row that is not the same is found, and the database serves nobody`(change: String) async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { address in
            await #expect(throws: CancellationError.self) {
                try await SQLiteToPostgres.breakingOff(installation.folder, to: address) {
                    if case .copying("messages", let rows, let total) = $0 { rows == total } else { false }
                }
            }
            let pool = PostgresPool(address, limit: 1, logger: silent)
            try await pool.write { _ = try $0.run([PostgresStatement(change)]) }
            pool.close()
            #expect(try await refusal(installation.folder.url, address).contains("is not the same in both"))
            await #expect(throws: PostgresBackend.OpenError.self) { try await withPostgres(address) { _ in } }
            #expect(try DataFolderMarker.read(in: installation.folder.url)?.state == .copying)
        }
    }

    @Test func `Nobody writes to the folder meanwhile, not even who opened it before`() async throws {
        let installation = try await Installation()
        let early = try DatabaseQueue(path: installation.folder.path + "/messenger.sqlite")
        let refusals = Mutex<[ResultCode?]>([])
        try await PostgresServer.withDatabase { address in
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: address) { _ in
                do {
                    try early.write { try $0.execute(sql: "DELETE FROM users") }
                    refusals.withLock { $0.append(nil) }
                } catch {
                    refusals.withLock { $0.append((error as? DatabaseError)?.resultCode) }
                }
            }.run()
        }
        let all = refusals.withLock { $0 }
        #expect(all.count > 30 && all.allSatisfy { $0 == .SQLITE_BUSY })
    }

    @Test func `An attempt that a later one has overtaken cannot write any more`() async throws {
        try await PostgresServer.withDatabase { address in
            let stale = try await PostgresImport.begin("copy", at: address, logger: silent)
            let latest = try await PostgresImport.begin("copy", at: address, logger: silent)
            defer { for attempt in [stale, latest] { attempt.close() } }
            let row: StoredRow = [.bytes(Array("phone".utf8)), .bytes([1])]
            await #expect(throws: PostgresImport.Refused.overtaken) { try await stale.insert([row], into: StoredTable.all[0]) }
            try await latest.insert([row], into: StoredTable.all[0])
            let last = try await latest.lastKey(of: StoredTable.all[0])
            #expect(last == [row[0]])
        }
    }

    @Test func `serve, check and admin refuse a folder that has been copied, and say where to`() async throws {
        let installation = try await Installation()
        try await PostgresServer.withDatabase { address in
            await #expect(throws: CancellationError.self) {
                try await SQLiteToPostgres.breakingOff(installation.folder, to: address) { _ in true }
            }
            try await expectRefusal(installation.folder, "is being copied to \(address)")
            try await SQLiteToPostgres.inSmallSteps(installation.folder, to: address).run()
            try await expectRefusal(installation.folder, "has been copied to \(address)")
        }
        try FileManager.default.removeItem(at: installation.folder.url.appending(path: "migration.json"))
        try SQLiteBackend(folder: installation.folder.url).close()
    }

    private func expectRefusal(_ folder: TemporaryFolder, _ reason: String) async throws {
        for command in [["serve", "--no-tls", "--port", "0"], ["check", "--no-tls", "--port", "0"], ["admin", "statistics"]] {
            let output = try await ServerBinary.run(command + ["--data-dir", folder.path])
            #expect(output.code == 1)
            let lines = (output.standard + output.error).split(separator: "\n").filter { $0.contains(reason) }
            #expect(lines.count == 1, "\(command): \(output)")
        }
    }
}

import Foundation
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

/// The built program, killed while it copies.
@Suite(.timeLimit(.minutes(3)))
struct KilledMigrationTests {
    /// Enough for some dozens of transactions.
    private static let messages = 40_000
    private static let kills = 8

    @Test func `Killed again and again at any moment, and run once more, it ends as if it had not been`() async throws {
        let seed = UInt64.random(in: 0...999_999)
        var random = SeededRandom(seed: seed)
        let installation = try await Installation(moreMessages: Self.messages)
        try await PostgresServer.withDatabase { address in
            let command = [
                "migrate", "--from", "sqlite:\(installation.folder.path)", "--to", "postgres://postgres@\(address)",
            ]
            var stages: [Stage] = []
            var longest = 400
            while stages.count(where: { $0.isMidway }) < Self.kills {
                let program = try await start(command)
                try await Task.sleep(for: random.pause(0...longest))
                await program.kill()
                stages.append(try await stage(of: address))
                // It is further each time, and has less to do.
                guard stages.last != .complete else { break }
                longest += 50
            }
            let output = try await ServerBinary.run(command)
            #expect(output.code == 0, "seed \(seed): \(output.error)")
            #expect(stages == stages.sorted(), "seed \(seed)")
            #expect(stages.count(where: { $0.isMidway }) >= 3, "seed \(seed), nothing is tried: \(stages)")
            try await expectEqual(installation, address)
            print("migration: seed=\(seed) kills=\(stages.count) midway=\(stages.count(where: { $0.isMidway })) \(stages)")
        }
    }

    /// How far the copy is.
    private enum Stage: Comparable {
        case notBegun
        case copying(messages: Int)
        case complete

        var isMidway: Bool { if case .copying = self { true } else { false } }
    }

    /// Until the copy is complete, nobody can serve from the database.
    private func stage(of address: PostgresAddress) async throws -> Stage {
        do {
            return try await withPostgres(address) { try await $0.statistics().messages } > 0 ? .complete : .notBegun
        } catch PostgresBackend.OpenError.copyIncomplete {
            let pool = PostgresPool(address, limit: 1, logger: silent)
            defer { pool.close() }
            return .copying(messages: try await pool.run("SELECT count(*) FROM messages") { Int($0.first?.int(0) ?? 0) })
        }
    }

    private func start(_ command: [String]) async throws -> ChildProcess {
        let files = try TemporaryFolder()
        return try await ChildProcess.start(
            ServerBinary.path, command, environment: ServerBinary.environment, folder: files.url, output: "/dev/null",
            error: "/dev/null")
    }
}

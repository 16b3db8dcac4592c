import Foundation
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

/// The built program, killed while it copies.
@Suite(.timeLimit(.minutes(3)))
struct KilledMigrationTests {
    /// Enough for some dozens of transactions.
    private static let messages = 90_000

    @Test func `Killed again and again at any moment, and run once more, it ends as if it had not been`() async throws {
        let seed = UInt64.random(in: 0...999_999)
        var random = SeededRandom(seed: seed)
        let installation = try await Installation(moreMessages: Self.messages)
        try await PostgresServer.withDatabase { address in
            let command = [
                "migrate", "--from", "sqlite:\(installation.folder.path)", "--to", "postgres://postgres@\(address)",
            ]
            var stages: [Stage] = []
            // It comes further each time, and at last to the end.
            var longest = 300
            var isOver = false
            while !isOver {
                let program = try await start(command)
                try await Task.sleep(for: random.pause(0...longest))
                isOver = !program.isRunning
                await program.kill()
                stages.append(try await stage(of: address))
                longest += 25
            }
            print("migration: seed=\(seed) kills=\(stages.count) \(stages.map(\.description).joined(separator: " "))")
            let output = try await ServerBinary.run(command)
            #expect(output.code == 0, "seed \(seed): \(output.error)")
            #expect(stages == stages.sorted(), "seed \(seed)")
            #expect(stages.contains { $0 > .copying(messages: 0) && $0 < .copying(messages: Self.messages) }, "nothing was tried")
            try await expectEqual(installation, address)
        }
    }

    /// How far the copy is.
    private enum Stage: Comparable, CustomStringConvertible {
        case notBegun
        case copying(messages: Int)
        case complete

        var description: String {
            switch self {
            case .notBegun: "-"
            case .copying(let messages): "\(messages)"
            case .complete: "complete"
            }
        }
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
        try await ChildProcess.start(
            ServerBinary.path, command, environment: ServerBinary.environment, folder: FileManager.default.temporaryDirectory,
            output: "/dev/null", error: "/dev/null")
    }
}

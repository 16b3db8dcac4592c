import Foundation
import GRDB
import TestSupport
import Testing

@testable import SQLiteBackend

@Suite("Transactions that wait share one commit", .timeLimit(.minutes(1)))
struct SharedCommitTests {
    private struct Refused: Error {}

    @Test("One that fails is undone alone, and the others are on disk")
    func failures() async throws {
        let folder = try TemporaryFolder()
        let backend = try SQLiteBackend(folder: folder.url)
        defer { try? backend.close() }
        try await backend.write { try $0.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY)") }
        let stored = await withTaskGroup(of: Int?.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try? await backend.write { db in
                        try db.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
                        if number % 3 == 0 { throw Refused() }
                        // Two of them are the same.
                        if number % 3 == 1 { try db.execute(sql: "INSERT INTO t VALUES (?)", arguments: [1_000 + number / 6]) }
                        return number
                    }
                }
            }
            return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
        }
        let found = try await backend.read { try Set(Int.fetchAll($0, sql: "SELECT n FROM t WHERE n < 1000")) }
        #expect(found == stored)
        #expect(stored.count { $0 % 3 == 2 } == 66 && stored.count { $0 % 3 == 1 } == 34)
    }
}

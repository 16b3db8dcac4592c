import ClusterBackend
import Foundation
import Logging
import MessengerCore
import SQLiteBackend
import Synchronization
import TestSupport
import Testing

@testable import messenger_server

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension SQLiteToPostgres {
    /// Copies in so small steps that every table needs some.
    static func inSmallSteps(
        _ folder: TemporaryFolder, to target: PostgresAddress, report: @escaping @Sendable (MigrationProgress) -> Void = { _ in }
    ) -> SQLiteToPostgres {
        SQLiteToPostgres(
            folder: folder.url, target: target, logger: silent, page: PageSize(rows: 3, bytes: 1_000), report: report)
    }

    /// Runs and breaks off at the first step that `isEnd` tells.
    static func breakingOff(
        _ folder: TemporaryFolder, to target: PostgresAddress, at isEnd: @escaping @Sendable (MigrationProgress) -> Bool
    ) async throws {
        let migration = inSmallSteps(folder, to: target) { progress in
            if isEnd(progress) { withUnsafeCurrentTask { $0?.cancel() } }
        }
        try await Task { try await migration.run() }.value
    }
}

/// Runs `body` on the database as a listener opens it.
func withPostgres<Value>(_ address: PostgresAddress, _ body: (PostgresBackend) async throws -> Value) async throws -> Value {
    let backend = try await PostgresBackend.open(address, node: { NodeID(1) }, logger: silent)
    defer { backend.close() }
    return try await body(backend)
}

/// Holds the database to what the installation's twin says and does in SQLite.
func expectEqual(_ installation: Installation, _ address: PostgresAddress) async throws {
    let twin = try SQLiteBackend(folder: installation.twin.url)
    defer { try? twin.close() }
    try await withPostgres(address) { copy in
        let secrets = (
            try await twin.secret(named: Installation.phoneKey, bytes: 1),
            try await copy.secret(named: Installation.phoneKey, bytes: 1)
        )
        #expect(secrets.0.count == 32 && secrets.0 == secrets.1)
        let (old, new) = (await Transcript(of: twin), await Transcript(of: copy))
        #expect(old.differences(from: new) == [])
        let (oldFuture, newFuture) = (await Transcript(goingOnWith: twin), await Transcript(goingOnWith: copy))
        #expect(oldFuture.differences(from: newFuture) == [])
    }
}

import ClusterBackend
import Foundation
import Logging
import MessengerCore
import SQLiteBackend

/// Copies a stopped installation from its data folder into an empty PostgreSQL database, and compares both.
///
/// From its beginning a marker in the folder keeps servers away from it, and a row in the database keeps them away from
/// there until the copy is complete. Interrupted at any point, also by `kill -9`, it goes on when it is run again. When it
/// is complete, running it again changes nothing.
struct SQLiteToPostgres {
    enum Refused: Error, CustomStringConvertible {
        case noInstallation(folder: String)
        case running(folder: String)
        case copiedAlready(to: String)
        case notEmpty(target: String)
        case foreignCopy(target: String)
        case different(table: String, source: TableDigest, target: TableDigest)

        var description: String {
            switch self {
            case .noInstallation(let folder): "there is no installation in \(folder): name its data folder"
            case .running(let folder): "a server is using the data folder \(folder): stop it first"
            case .copiedAlready(let target): "this data folder has been copied already, to \(target)"
            case .notEmpty(let target): "the database \(target) is not empty: name one that is"
            case .foreignCopy(let target):
                "the database \(target) holds the copy of another data folder, or of this one as it was before: name an empty one"
            case .different(let table, let source, let target):
                "the table \(table) is not the same in both: \(source) in the data folder, \(target) in the database. The copy is "
                    + "not used; run migrate again with an empty database"
            }
        }
    }

    let folder: URL
    let target: PostgresAddress
    let logger: Logger
    /// Few enough rows to be written within a statement's time on a slow disk.
    var page = PageSize(rows: 2_000, bytes: 4 << 20)
    /// Called after each transaction and each page that was compared.
    let report: @Sendable (MigrationProgress) -> Void

    /// Throws `Refused`, errors of the two databases, or `CancellationError`: then too it may be run again.
    func run() async throws {
        guard SQLiteBackend.exists(in: folder) else { throw Refused.noInstallation(folder: folder.path) }
        let lock = try lockFolder()
        defer { withExtendedLifetime(lock) {} }
        _ = try await PostgresBackend.migrate(target, logger: logger)
        let contents = try await PostgresImport.contents(of: target, logger: logger)
        switch try nextStep(DataFolderMarker.read(in: folder), contents) {
        case .nothing: break
        case .copy(let name):
            try marker(.copying, name).write(in: folder)
            try await copy(name)
            try marker(.copied, name).write(in: folder)
        case .mark(let name): try marker(.copied, name).write(in: folder)
        }
    }

    private func lockFolder() throws -> DataFolderLock {
        do {
            return try DataFolderLock(folder: folder)
        } catch is DataFolderLock.Taken {
            throw Refused.running(folder: folder.path)
        }
    }

    private func marker(_ state: DataFolderMarker.State, _ copy: String) -> DataFolderMarker {
        DataFolderMarker(state, copy: copy, target: target.description)
    }

    private enum Step {
        case copy(String)
        /// The copy is complete, but the folder does not say so yet.
        case mark(String)
        case nothing
    }

    /// Without a marker servers may have changed the folder, so that an earlier copy is good for nothing.
    private func nextStep(_ marker: DataFolderMarker?, _ contents: PostgresImport.Contents) throws -> Step {
        switch (marker?.state, contents) {
        case (.copied, .copy(marker?.copy, isComplete: true)): return .nothing
        case (.copied, _): throw Refused.copiedAlready(to: marker?.target ?? "")
        case (.copying, .copy(marker?.copy, isComplete: true)): return .mark(marker?.copy ?? "")
        case (.copying, .copy(marker?.copy, isComplete: false)), (.copying, .nothing): return .copy(marker?.copy ?? "")
        case (nil, .nothing): return .copy(UUID().uuidString)
        case (_, .copy): throw Refused.foreignCopy(target: target.description)
        case (_, .otherData): throw Refused.notEmpty(target: target.description)
        }
    }

    private func copy(_ name: String) async throws {
        let source = try SQLiteExport(folder: folder)
        let copied = try await PostgresImport.begin(name, at: target, logger: logger)
        defer { copied.close() }
        for table in StoredTable.all { try await copy(table, from: source, to: copied) }
        try await copied.raiseIDs(
            users: try await source.lastID(of: .users), devices: try await source.lastID(of: .devices))
        try await copied.noteDueCallbacks()
        for table in StoredTable.all { try await compare(table, source, copied) }
        try await copied.complete()
        try source.close()
    }

    private func copy(_ table: StoredTable, from source: SQLiteExport, to copied: PostgresImport) async throws {
        var last = try await copied.lastKey(of: table)
        let total = try await source.count(table)
        var done = last == nil ? 0 : try await source.count(table, through: last)
        while case let rows = try await source.rows(of: table, after: last, page: page), let end = rows.last {
            try await copied.insert(rows, into: table)
            done += rows.count
            last = table.key(of: end)
            try tell(.copying(table: table.name, rows: done, of: total))
        }
    }

    /// Reads both sides from the first row on, at once.
    private func compare(_ table: StoredTable, _ source: SQLiteExport, _ copied: PostgresImport) async throws {
        async let there = copied.digest(of: table, page: page)
        let here = try await source.digest(of: table, page: page) { rows in
            try tell(.comparing(table: table.name, rows: rows))
        }
        guard try await there == here else {
            throw Refused.different(table: table.name, source: here, target: try await there)
        }
        try tell(.compared(table: table.name, here))
    }

    private func tell(_ progress: MigrationProgress) throws {
        report(progress)
        try Task.checkCancellation()
    }
}

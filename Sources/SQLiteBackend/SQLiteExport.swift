import Foundation
import GRDB
import MessengerCore

/// Reads all tables of a stopped installation, to be copied or compared. Nobody can write to them meanwhile: not even a
/// program that had opened the database before.
public final class SQLiteExport: TableReader {
    private let queue: DatabaseQueue
    private let path: String

    /// Where a table is not kept as `StoredTable` describes it.
    private static let relations = [
        StoredTable.passedOver.name:
            "(SELECT p.device_id, p.number, d.user_id FROM passed_over p JOIN devices d ON d.id = p.device_id)"
    ]

    /// Brings the schema up to date before. Throws `SQLiteBackend.OpenError`.
    public init(folder: URL) throws {
        path = SQLiteBackend.path(in: folder)
        try SQLiteBackend.assertWhole(folder: folder)
        do {
            var configuration = Configuration()
            configuration.label = "messenger.export"
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(path: path, configuration: configuration)
            let migrator = SQLiteBackend.migrator
            if try queue.read(migrator.hasBeenSuperseded) { throw SQLiteBackend.OpenError.fromTheFuture(path: path) }
            try migrator.migrate(queue)
            try queue.writeWithoutTransaction { db in
                // Keeps every other writer out for as long as this is open.
                try db.beginTransaction(.immediate)
                try db.execute(sql: "PRAGMA query_only = ON")
            }
        } catch let error as SQLiteBackend.OpenError {
            throw error
        } catch {
            throw SQLiteBackend.OpenError.unreadable(path: path, reason: "\(error)")
        }
    }

    public func close() throws { try queue.close() }

    public func rows(of table: StoredTable, after key: [StoredValue]?, page: PageSize) async throws -> [StoredRow] {
        let names = table.columns.map { $0.kind == .text ? "CAST(\($0.name) AS BLOB)" : $0.name }.joined(separator: ", ")
        let order = Self.list(table.key)
        let sql = """
            SELECT \(names) FROM \(Self.relations[table.name] ?? table.name)
            \(key == nil ? "" : "WHERE (\(order)) > (\(Self.places(table)))") ORDER BY \(order) LIMIT \(page.rows)
            """
        return try await read { db in
            var rows: [StoredRow] = []
            var bytes = 0
            let cursor = try Row.fetchCursor(
                db.cachedStatement(sql: sql), arguments: StatementArguments(Self.arguments(key ?? [], of: table)))
            while bytes < page.bytes, let row = try cursor.next() {
                let values = try row.databaseValues.map { try Self.value($0, in: table) }
                bytes += values.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
                rows.append(values)
            }
            return rows
        }
    }

    /// Rows up to the key, or all.
    public func count(_ table: StoredTable, through key: [StoredValue]? = nil) async throws -> Int {
        let through = key == nil ? "" : "WHERE (\(Self.list(table.key))) <= (\(Self.places(table)))"
        return try await read { db in
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM \(table.name) \(through)",
                arguments: StatementArguments(Self.arguments(key ?? [], of: table))) ?? 0
        }
    }

    /// The highest id that the table ever gave, or 0.
    public func lastID(of table: StoredTable) async throws -> Int64 {
        try await read { db in
            try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [table.name]) ?? 0
        }
    }

    private func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await queue.unsafeRead(body)
        } catch let error as DatabaseError {
            throw SQLiteBackend.OpenError.unreadable(path: path, reason: "\(error)")
        }
    }

    private static func list(_ columns: ArraySlice<StoredTable.Column>) -> String {
        columns.map(\.name).joined(separator: ", ")
    }

    private static func places(_ table: StoredTable) -> String { table.key.map { _ in "?" }.joined(separator: ", ") }

    private static func arguments(_ key: [StoredValue], of table: StoredTable) -> [(any DatabaseValueConvertible)?] {
        zip(table.key, key).map { column, value in
            switch value {
            case .null: nil
            case .int(let number): number
            case .bytes(let bytes): column.kind == .text ? String(decoding: bytes, as: UTF8.self) : Data(bytes)
            }
        }
    }

    private static func value(_ value: DatabaseValue, in table: StoredTable) throws -> StoredValue {
        switch value.storage {
        case .null: .null
        case .int64(let number): .int(number)
        case .blob(let data): .bytes(Array(data))
        case .double, .string:
            throw DatabaseError(resultCode: .SQLITE_MISMATCH, message: "\(table.name) holds a value of another type")
        }
    }
}

import Logging
import MessengerCore

/// Writes the tables of another installation into an empty database, in the order of their keys, so that an interrupted
/// copy goes on behind the highest key that is there. Until it is complete, nobody can serve from the database.
///
/// The same copy may be begun again at any time. Each attempt ends those before it: what they still try to write is refused.
public final class PostgresImport: TableReader {
    public enum Contents: Equatable, Sendable {
        case nothing
        /// A copy of this name, which may have only begun.
        case copy(String, isComplete: Bool)
        case otherData
    }

    public enum Refused: Error, CustomStringConvertible {
        case notEmpty
        case overtaken

        public var description: String {
            switch self {
            case .notEmpty: "the database is not empty: name one that is"
            case .overtaken: "another attempt at the same copy has begun meanwhile, and goes on alone"
            }
        }
    }

    let pool: PostgresPool
    let run: Int64

    private init(pool: PostgresPool, run: Int64) {
        self.pool = pool
        self.run = run
    }

    /// What the database holds. Its schema is up to date.
    public static func contents(of address: PostgresAddress, logger: Logger) async throws -> Contents {
        let pool = PostgresPool(address, limit: 1, logger: logger)
        defer { pool.close() }
        return try await pool.write { try contents(&$0) }
    }

    /// Begins the copy of that name, or takes it up again. Throws `Refused.notEmpty` when the database holds anything else.
    public static func begin(_ copy: String, at address: PostgresAddress, logger: Logger) async throws -> PostgresImport {
        let pool = PostgresPool(address, limit: 2, logger: logger)
        do {
            let run = try await pool.write { transaction in
                try transaction.run("SELECT pg_advisory_xact_lock($1)", .int(PostgresSchema.advisoryLock))
                switch try contents(&transaction) {
                case .nothing, .copy(copy, isComplete: false): break
                case .copy, .otherData: throw Refused.notEmpty
                }
                return try transaction.run(
                    """
                    INSERT INTO imports (copy, run) VALUES ($1, 1) ON CONFLICT (copy) DO UPDATE SET run = imports.run + 1
                    RETURNING run
                    """, .text(copy)
                ).first?.int(0) ?? 0
            }
            return PostgresImport(pool: pool, run: run)
        } catch {
            pool.close()
            throw error
        }
    }

    private static func contents(_ transaction: inout PostgresTransaction) throws -> Contents {
        if let copy = try transaction.run("SELECT copy, complete FROM imports").first {
            return .copy(copy.text(0), isComplete: copy.bool(1))
        }
        let tables = StoredTable.all.map { "EXISTS (SELECT 1 FROM \($0.name))" }.joined(separator: " OR ")
        return try transaction.run("SELECT \(tables)").first?.bool(0) == true ? .otherData : .nothing
    }

    public func close() { pool.close() }

    /// The highest key that has been copied; nil before the first.
    public func lastKey(of table: StoredTable) async throws -> [StoredValue]? {
        let order = table.key.map { "\($0.name) DESC" }.joined(separator: ", ")
        return try await write { transaction in
            try transaction.run("SELECT \(Self.list(table.key)) FROM \(table.name) ORDER BY \(order) LIMIT 1")
                .first.map { Self.values($0, table.key) }
        }
    }

    /// Adds rows in one transaction, on disk when it returns. Throws `Refused.overtaken`, or `StoreError`, also when one of
    /// them is there already.
    public func insert(_ rows: [StoredRow], into table: StoredTable) async throws {
        let columns = Self.list(table.columns[...])
        let places = table.columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let arrays = table.columns.enumerated().map { index, column in
            PostgresValue.array(of: column.kind.elementType, rows.map { $0[index] })
        }
        let statement = PostgresStatement(
            "INSERT INTO \(table.name) (\(columns)) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(\(places))", arrays)
        try await write { _ = try $0.run([statement]) }
    }

    public func rows(of table: StoredTable, after key: [StoredValue]?, page: PageSize) async throws -> [StoredRow] {
        let (columns, order) = (Self.list(table.columns[...]), Self.list(table.key))
        let places = table.key.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let sizes = table.columns.filter { $0.kind == .bytes || $0.kind == .text }
            .map { "coalesce(octet_length(\($0.name)), 0)" }
        // The window sums the sizes of the rows before each.
        let sql = """
            SELECT \(columns) FROM (
                SELECT *, sum(row_bytes) OVER (ORDER BY \(order)) - row_bytes AS bytes_before FROM (
                    SELECT \(columns), \((["0"] + sizes).joined(separator: " + ")) AS row_bytes FROM \(table.name)
                    \(key == nil ? "" : "WHERE (\(order)) > (\(places))") ORDER BY \(order) LIMIT \(page.rows)
                ) AS page
            ) AS page WHERE bytes_before < \(page.bytes) ORDER BY \(order)
            """
        let statement = PostgresStatement(sql, zip(table.key, key ?? []).map { PostgresValue($1, $0.kind) })
        return try await pool.run(statement) { rows in rows.map { Self.values($0, table.columns[...]) } }
    }

    /// A transaction of this attempt, for as long as no later one has begun.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (inout PostgresTransaction) throws -> Value
    ) async throws -> Value {
        let run = run
        return try await pool.write { transaction in
            let isLatest = try transaction.run("SELECT run = $1 FROM imports FOR UPDATE", .int(run)).first?.bool(0)
            guard isLatest == true else { throw Refused.overtaken }
            return try body(&transaction)
        }
    }

    private static func list(_ columns: ArraySlice<StoredTable.Column>) -> String {
        columns.map(\.name).joined(separator: ", ")
    }

    private static func values(_ row: PostgresRow, _ columns: ArraySlice<StoredTable.Column>) -> [StoredValue] {
        columns.enumerated().map { index, column in
            switch column.kind {
            case .int, .bool: row.optionalInt(Int32(index)).map { .int($0) } ?? .null
            case .text, .bytes: row.optionalBytes(Int32(index)).map { .bytes($0) } ?? .null
            }
        }
    }
}

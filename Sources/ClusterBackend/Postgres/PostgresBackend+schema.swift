import Logging
import MessengerCore

extension PostgresBackend {
    /// Brings the schema up to date, making it if there is none; the version before and after. Programs that do it at once
    /// wait for each other; listeners may run meanwhile. Throws `OpenError` or `StoreError`.
    public static func migrate(_ address: PostgresAddress, logger: Logger) async throws -> (from: Int64, to: Int64) {
        let pool = PostgresPool(address, limit: 1, logger: logger)
        defer { pool.close() }
        do {
            return try await pool.write { transaction in
                try transaction.run("SELECT pg_advisory_xact_lock($1)", .int(PostgresSchema.advisoryLock))
                try transaction.run("CREATE TABLE IF NOT EXISTS schema_versions (version bigint PRIMARY KEY)")
                let found = try transaction.run("SELECT coalesce(max(version), 0) FROM schema_versions").first?.int(0) ?? 0
                guard found <= PostgresSchema.version else { throw OpenError.fromTheFuture(found: found) }
                for (index, statements) in PostgresSchema.migrations.enumerated().dropFirst(Int(found)) {
                    for statement in statements { try transaction.run(statement) }
                    try transaction.run("INSERT INTO schema_versions (version) VALUES ($1)", .int(Int64(index + 1)))
                }
                return (found, PostgresSchema.version)
            }
        } catch let error as StoreError {
            throw OpenError.unreachable(error.reason)
        }
    }

    /// 0 when there is no schema yet.
    func schemaVersion() async throws -> Int64 {
        let exists = try await pool.run("SELECT to_regclass('schema_versions') IS NOT NULL") { $0.first?.bool(0) ?? false }
        guard exists else { return 0 }
        return try await pool.run("SELECT coalesce(max(version), 0) FROM schema_versions") { $0.first?.int(0) ?? 0 }
    }

    /// Whether the copy of a data folder has begun and is not complete.
    func isBeingCopiedInto() async throws -> Bool {
        try await pool.run("SELECT EXISTS (SELECT 1 FROM imports WHERE NOT complete)") { $0.first?.bool(0) ?? false }
    }

    /// Tries what a process does with the database: nil when it works, else one line that says what is wrong and what to do.
    public static func check(_ address: PostgresAddress) async -> String? {
        do {
            let backend = try await open(address, logger: Logger(label: "check") { _ in SwiftLogNoOpLogHandler() })
            defer { backend.close() }
            let mayWrite = try await backend.pool.run(
                "SELECT bool_and(has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE')) FROM pg_class WHERE relname = ANY ($1)",
                .texts(["users", "inboxes", "messages", "devices", "callbacks_due", "nodes", "log_head"])
            ) { $0.first?.bool(0) ?? false }
            return mayWrite ? nil : "\(address): this user may not write to the tables; GRANT it the rights, or name their owner"
        } catch {
            return "\(address): \(error)"
        }
    }
}

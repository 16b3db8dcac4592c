import Foundation
import GRDB
import KeyLog

extension LocalStore {
    func addLogRecords(_ records: [ServedRecord], from start: UInt64) async throws {
        guard !records.isEmpty else { return }
        try await write { db in
            let statement = try db.makeStatement(sql: "INSERT OR REPLACE INTO log_record (position, bytes) VALUES (?, ?)")
            for (offset, record) in records.enumerated() {
                try statement.execute(arguments: [Int64(start) + Int64(offset), Data(RecordBundle.bytes([record]))])
            }
        }
    }

    /// All of them, in their order. Throws when one cannot be read.
    func logRecords() async throws -> [ServedRecord] {
        try await read { db in
            try Data.fetchAll(db, sql: "SELECT bytes FROM log_record ORDER BY position").map { bytes in
                guard let record = RecordBundle.records(Array(bytes))?.first else {
                    throw MessengerError.store("its copy of the key log is damaged")
                }
                return record
            }
        }
    }
}

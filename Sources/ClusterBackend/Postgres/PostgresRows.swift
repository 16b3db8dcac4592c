import CPostgres

/// What a statement returned, in binary format. Columns are addressed by their place.
final class PostgresRows {
    private let result: OpaquePointer
    let count: Int

    /// Takes over the result.
    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
    }

    deinit { PQclear(result) }

    var status: ExecStatusType { PQresultStatus(result) }

    /// What the server says of a statement that failed. The primary message only: the detail may quote data.
    var refusal: PostgresError {
        defer { withExtendedLifetime(self) {} }
        func field(_ code: UnicodeScalar) -> String {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) } ?? ""
        }
        return .refused(state: field("C"), message: field("M").singleLine)
    }

    /// Rows that INSERT, UPDATE or DELETE changed.
    var changed: Int { withExtendedLifetime(self) { Int(String(cString: PQcmdTuples(result))) ?? 0 } }
    /// Such as `COMMIT`.
    var command: String { withExtendedLifetime(self) { String(cString: PQcmdStatus(result)) } }
    var isEmpty: Bool { count == 0 }

    func map<Value>(_ transform: (PostgresRow) throws -> Value) rethrows -> [Value] {
        try (0..<count).map { try transform(PostgresRow(rows: self, index: Int32($0))) }
    }

    func contains(where isMatch: (PostgresRow) -> Bool) -> Bool {
        (0..<count).contains { isMatch(PostgresRow(rows: self, index: Int32($0))) }
    }

    var first: PostgresRow? { isEmpty ? nil : PostgresRow(rows: self, index: 0) }

    /// Nil for NULL. The bytes are the result's own: they are gone with it.
    fileprivate func read<Value>(_ row: Int32, _ column: Int32, _ body: (UnsafeRawBufferPointer) -> Value) -> Value? {
        withExtendedLifetime(self) {
            guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return nil }
            return body(UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column))))
        }
    }
}

/// One row. A value of another type than the column's is a defect of the statement: it reads as zero or empty.
struct PostgresRow {
    fileprivate let rows: PostgresRows
    fileprivate let index: Int32

    func optionalInt(_ column: Int32) -> Int64? {
        rows.read(index, column) { bytes in bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) } }
    }

    func int(_ column: Int32) -> Int64 { optionalInt(column) ?? 0 }
    func bool(_ column: Int32) -> Bool { rows.read(index, column) { $0.first == 1 } ?? false }
    func optionalBytes(_ column: Int32) -> [UInt8]? { rows.read(index, column) { Array($0) } }
    func bytes(_ column: Int32) -> [UInt8] { optionalBytes(column) ?? [] }

    /// Also of a `bytea` that holds UTF-8.
    func text(_ column: Int32) -> String { rows.read(index, column) { String(decoding: $0, as: UTF8.self) } ?? "" }
    func size(_ column: Int32) -> Int { Int(int(column)) }
    func id<ID: RawRepresentable<Int64>>(_ column: Int32) -> ID { ID(rawValue: int(column))! }
}

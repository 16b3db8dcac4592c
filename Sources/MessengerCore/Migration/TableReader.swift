/// A backend whose tables can be read row by row, for copying and comparing.
public protocol TableReader: Sendable {
    /// The rows beyond the key, or from the first on, in the order of their keys: as many as the page takes, but at least
    /// one. Empty behind the last.
    func rows(of table: StoredTable, after key: [StoredValue]?, page: PageSize) async throws -> [StoredRow]
}

extension TableReader {
    /// Hashes the whole table, a page at a time.
    /// - Parameter progress: called with the rows hashed so far; ends the work by throwing.
    public func digest(
        of table: StoredTable, page: PageSize, progress: (Int) throws -> Void = { _ in }
    ) async throws -> TableDigest {
        var digest = TableDigest()
        var last: [StoredValue]?
        while case let rows = try await rows(of: table, after: last, page: page), let end = rows.last {
            for row in rows { digest.add(row) }
            last = table.key(of: end)
            try progress(digest.rows)
        }
        return digest
    }
}

/// How much is read or written at once.
public struct PageSize: Sendable {
    public let rows: Int
    public let bytes: Int

    public init(rows: Int, bytes: Int) {
        self.rows = rows
        self.bytes = bytes
    }
}

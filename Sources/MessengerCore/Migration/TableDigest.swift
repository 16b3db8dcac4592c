import Crypto

/// How many rows a table has, and a SHA-256 over all of them in the order of their keys: equal for equal tables, in
/// whichever backend.
public struct TableDigest: Equatable, Sendable, CustomStringConvertible {
    public private(set) var rows = 0
    private var hash = SHA256()

    public init() {}

    /// Each value goes in behind its kind and, for bytes, its length, so that no two rows look alike.
    public mutating func add(_ row: StoredRow) {
        rows += 1
        for value in row {
            switch value {
            case .null: update(kind: 0)
            case .int(let number): update(kind: 1, number)
            case .bytes(let bytes):
                update(kind: 2, Int64(bytes.count))
                bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            }
        }
    }

    private mutating func update(kind: UInt8, _ number: Int64 = 0) {
        withUnsafeBytes(of: kind) { hash.update(bufferPointer: $0) }
        withUnsafeBytes(of: number.bigEndian) { hash.update(bufferPointer: $0) }
    }

    public var checksum: [UInt8] { Array(hash.finalize()) }

    /// Such as `3 rows, SHA-256 2c26b46b68ffc68f…`.
    public var description: String {
        let start = checksum.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "\(rows) rows, SHA-256 \(start)…"
    }

    public static func == (left: TableDigest, right: TableDigest) -> Bool {
        left.rows == right.rows && left.checksum == right.checksum
    }
}

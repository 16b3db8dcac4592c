/// What stands in one column of one row. Text is its UTF-8, true is 1.
public enum StoredValue: Hashable, Sendable {
    case null
    case int(Int64)
    case bytes([UInt8])

    public var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
    public var int: Int64? { if case .int(let value) = self { value } else { nil } }
}

/// The values of a table's columns, in their order.
public typealias StoredRow = [StoredValue]

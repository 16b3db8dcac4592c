import MessengerCore

/// How far a copy has come.
enum MigrationProgress: Equatable, Sendable, CustomStringConvertible {
    case copying(table: String, rows: Int, of: Int)
    case comparing(table: String, rows: Int)
    case compared(table: String, TableDigest)

    var description: String {
        switch self {
        case .copying(let table, let rows, let total):
            "\(table): \(rows) of \(total) rows copied (\(total == 0 ? 100 : rows * 100 / total) %)"
        case .comparing(let table, let rows): "\(table): \(rows) rows compared"
        case .compared(let table, let digest): "\(table): equal, \(digest)"
        }
    }

    /// Whether this ends something.
    var isMilestone: Bool {
        switch self {
        case .copying(_, let rows, let total): rows == total
        case .comparing: false
        case .compared: true
        }
    }
}

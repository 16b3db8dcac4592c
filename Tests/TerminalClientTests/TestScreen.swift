@testable import messenger

/// A terminal of some size as far as the chat uses one: it wraps, scrolls, and moves the cursor within what it shows.
struct TestScreen {
    struct Unknown: Error { let sequence: String }

    private let columns: Int
    private let height: Int
    /// What has scrolled away, and the rows that are shown.
    private(set) var scrollback: [String] = []
    private(set) var rows: [[Character]]
    private(set) var row: Int
    private(set) var column = 0
    /// How often text ran into the right edge.
    private(set) var wraps = 0

    init(columns: Int, height: Int, row: Int = 0) {
        self.columns = columns
        self.height = height
        self.row = row
        rows = Array(repeating: [], count: height)
    }

    /// The rows from the first that ever was, without the empty ones at the end.
    var everything: [String] {
        var all = scrollback + shown
        while all.last == "" { all.removeLast() }
        return all
    }

    var shown: [String] {
        rows.map { row in String(row.filter { $0 != "\0" }).withoutTrailingSpaces }
    }

    mutating func write(_ text: String) throws {
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n": lineFeed()
            case "\u{1B}": try escape(&rest)
            default: put(Character(scalar))
            }
        }
    }

    private mutating func escape(_ rest: inout ArraySlice<Unicode.Scalar>) throws {
        guard rest.popFirst() == "[" else { throw Unknown(sequence: "ESC") }
        var parameters = ""
        while let scalar = rest.popFirst() {
            guard (0x40...0x7E).contains(scalar.value) else {
                parameters.unicodeScalars.append(scalar)
                continue
            }
            return try apply(scalar, parameters)
        }
    }

    private mutating func apply(_ final: Unicode.Scalar, _ parameters: String) throws {
        let count = Int(parameters) ?? 1
        switch final {
        case "A": row = max(row - count, 0)
        case "B": row = min(row + count, height - 1)
        case "C": column = min(column + count, columns - 1)
        case "H": (row, column) = (0, 0)
        case "J":
            let first = parameters == "2" ? 0 : row + 1
            if parameters != "2" { rows[row] = Array(rows[row].prefix(column)) }
            for row in first..<max(height, first) { rows[row] = [] }
        case "K": rows[row] = []
        case "m", "h", "l": break
        default: throw Unknown(sequence: parameters + String(final))
        }
    }

    /// A wide character takes two cells; the second holds U+0000.
    private mutating func put(_ character: Character) {
        let width = TextWidth.of(character)
        if width == 0, column > 0 { return }
        if column + width > columns {
            wraps += 1
            column = 0
            lineFeed()
        }
        while rows[row].count < column + width { rows[row].append(" ") }
        rows[row][column] = character
        if width == 2 { rows[row][column + 1] = "\0" }
        column += width
    }

    private mutating func lineFeed() {
        if row < height - 1 {
            row += 1
        } else {
            scrollback.append(shown[0])
            rows.removeFirst()
            rows.append([])
        }
    }
}

extension String {
    /// As a terminal shows it.
    var withoutTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

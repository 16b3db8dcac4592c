/// The rows of a draft at some width, and where the cursor stands in them.
struct DraftLayout: Hashable {
    let rows: [String]
    /// From 0, in `rows`.
    let cursorRow: Int
    let cursorColumn: Int

    /// A row is full with `width` columns; the cursor may stand behind the last, so give one less than the terminal has.
    /// Line ends are shown as such; the rows after the first are indented by the prompt's width.
    /// - Parameter mostRows: of a longer draft those around the cursor are shown.
    init(prompt: String, before: String, after: String, width: Int, mostRows: Int) {
        let indent = min(TextWidth.of(prompt), width / 2)
        let room = max(width - indent, 2)
        var rows = [""]
        var columns = 0
        func add(_ text: String) {
            for character in text {
                let shown = DisplayText.harmless(String(character))
                let columnsOfShown = TextWidth.of(shown)
                if !character.isNewline, columns + columnsOfShown > room {
                    rows.append("")
                    columns = 0
                }
                if character.isNewline {
                    rows.append("")
                    columns = 0
                } else {
                    rows[rows.count - 1] += shown
                    columns += columnsOfShown
                }
            }
        }
        add(before)
        let cursor = (row: rows.count - 1, column: columns)
        add(after)
        let all = rows.enumerated().map { ($0 == 0 ? prompt : String(repeating: " ", count: indent)) + $1 }
        let first = max(0, min(cursor.row - max(mostRows, 1) + 1, all.count - 1))
        let shown = all[first..<min(all.count, first + max(mostRows, 1))]
        self.rows = Array(shown)
        cursorRow = cursor.row - first
        cursorColumn = cursor.column + indent
    }
}

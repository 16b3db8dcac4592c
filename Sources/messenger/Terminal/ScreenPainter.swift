/// Keeps the end of a growing page on a terminal and says what to write so that it shows the new page where the old one was. What
/// has scrolled away stays as it was.
struct ScreenPainter {
    /// What the terminal is to show: finished rows, below them the draft with the cursor. Each row must be narrower than the
    /// terminal.
    struct Page: Hashable {
        /// How many finished rows there are before `rows`, long out of sight.
        var above = 0
        var rows: [String] = []
        var draft: [String] = [""]
        /// In `draft`.
        var cursorRow = 0
        var cursorColumn = 0

        var end: Int { above + rows.count + draft.count }

        /// - Parameter index: counted from the very first row.
        fileprivate func row(_ index: Int) -> String {
            let index = index - above
            return index < rows.count ? rows[index] : draft[index - rows.count]
        }
    }

    /// One update is shown at once where the terminal can (mode 2026), and the cursor is hidden meanwhile.
    private static let begin = "\u{1B}[?2026h\u{1B}[?25l"
    private static let end = "\u{1B}[?25h\u{1B}[?2026l"

    /// How many rows the terminal has.
    private var height: Int
    /// The first row that the terminal still shows, and those from it on. Rows are counted from the very first.
    private var top = 0
    private var shown: [String] = []
    private var cursorRow = 0

    /// Begins in the row where the cursor is, at its first column.
    init(height: Int) { self.height = max(height, 1) }

    mutating func paint(_ page: Page) -> String {
        // So much went, by an edit or a deletion, that the draft would be where the terminal has scrolled away from.
        page.above + page.rows.count < top ? repaint(page, height: height) : update(page)
    }

    /// Clears the terminal, which has another size now, and paints as much of the page as it holds.
    mutating func repaint(_ page: Page, height: Int) -> String {
        self.height = max(height, 1)
        shown = []
        top = max(page.above, page.end - self.height)
        cursorRow = top
        return "\u{1B}[H\u{1B}[2J" + update(page)
    }

    /// Puts the cursor on a new row below everything, where the shell goes on.
    mutating func leave() -> String { move(to: max(top + shown.count - 1, 0)) + "\r\n" }

    private mutating func update(_ page: Page) -> String {
        let oldEnd = top + shown.count
        var text = ""
        let start = max(top, page.above)
        let changed = (start..<max(page.end, start)).filter { $0 >= oldEnd || page.row($0) != shown[$0 - top] }
        if page.end == oldEnd {
            for row in changed { text += move(to: row) + "\r\u{1B}[2K" + page.row(row) }
        } else {
            text += rewrite(page, from: changed.first ?? page.end)
        }
        top = max(top, page.end - height)
        shown = (max(top, page.above)..<page.end).map { page.row($0) }
        text += move(to: max(page.above + page.rows.count + page.cursorRow, top)) + "\r"
        if page.cursorColumn > 0 { text += "\u{1B}[\(page.cursorColumn)C" }
        return Self.begin + text + Self.end
    }

    /// Everything from a row on: what follows it on the terminal goes.
    private mutating func rewrite(_ page: Page, from first: Int) -> String {
        var text = ""
        let oldEnd = top + shown.count
        if first < oldEnd {
            text = move(to: first) + "\r\u{1B}[J"
        } else if !shown.isEmpty {
            text = move(to: oldEnd - 1) + "\r\n"
        }
        text += (first..<page.end).map { page.row($0) }.joined(separator: "\r\n")
        cursorRow = max(first, page.end - 1)
        return text
    }

    private mutating func move(to row: Int) -> String {
        defer { cursorRow = row }
        if row < cursorRow { return "\u{1B}[\(cursorRow - row)A" }
        return row > cursorRow ? "\u{1B}[\(row - cursorRow)B" : ""
    }
}

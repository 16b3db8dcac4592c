/// A chat on a terminal: what came above, the draft below. Each change says what to write; the draft stays whole whatever arrives.
struct ChatScreen {
    /// A draft longer than this part of the terminal scrolls.
    private static let draftShare = 2
    private static let bracketedPasteOn = "\u{1B}[?2004h"
    private static let bracketedPasteOff = "\u{1B}[?2004l"

    /// Stands before the draft; harmless.
    private let prompt: String
    private var isOnline = true
    private var size: TerminalDevice.Size
    private var transcript: Transcript
    private var editor = LineEditor()
    private var painter: ScreenPainter

    init(prompt: String, size: TerminalDevice.Size, looks: EntryRows) {
        self.prompt = prompt
        self.size = size
        transcript = Transcript(looks: looks, width: Self.width(size))
        painter = ScreenPainter(height: size.rows)
    }

    /// What to write first.
    mutating func begin() -> String { Self.bracketedPasteOn + painter.paint(page) }

    /// What to write at the end: the cursor stands below everything then.
    mutating func end() -> String { painter.leave() + Self.bracketedPasteOff }

    mutating func take(_ key: Key) -> (step: LineEditor.Step, output: String) {
        let step = editor.take(key)
        switch step {
        case .nothing, .interrupt, .endOfInput: return (step, "")
        case .redraw: return (step, painter.repaint(page, height: size.rows))
        case .changed, .submit: return (step, painter.paint(page))
        }
    }

    /// Adds messages, or changes those at their positions.
    mutating func put(_ entries: [ChatEntry]) -> String {
        for entry in entries { transcript.put(entry) }
        return painter.paint(page)
    }

    /// What has gone by itself shows its text no longer, as far as the terminal can still be changed.
    mutating func expire(_ positions: Set<Int64>) -> String {
        transcript.expire(positions)
        return painter.paint(page)
    }

    /// - Parameter text: made harmless here.
    mutating func note(_ text: String, _ role: Style.Role = .dim) -> String {
        transcript.note(DisplayText.harmless(text), role)
        return painter.paint(page)
    }

    mutating func setOnline(_ isOnline: Bool) -> String {
        self.isOnline = isOnline
        return painter.paint(page)
    }

    mutating func resize(_ size: TerminalDevice.Size) -> String {
        self.size = size
        transcript.setWidth(Self.width(size))
        return painter.repaint(page, height: size.rows)
    }

    /// The last column stays free: what stands there makes some terminals begin a new row.
    private static func width(_ size: TerminalDevice.Size) -> Int { max(size.columns - 1, 4) }

    private var page: ScreenPainter.Page {
        let draft = DraftLayout(
            prompt: prompt + (isOnline ? "> " : " (offline)> "), before: editor.before, after: editor.after,
            width: Self.width(size) - 1, mostRows: max(size.rows / Self.draftShare, 1))
        return ScreenPainter.Page(
            above: transcript.forgottenRows, rows: transcript.rows, draft: draft.rows, cursorRow: draft.cursorRow,
            cursorColumn: draft.cursorColumn)
    }
}

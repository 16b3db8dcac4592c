/// What somebody did on the keyboard.
enum Key: Hashable, Sendable {
    /// Usually one scalar; what belongs together meets in the draft.
    case text(String)
    /// Pasted as one: its line ends send nothing.
    case paste(String)
    case enter
    /// Alt and Enter: a line end within the draft.
    case lineBreak
    case backspace, delete
    case deleteWord, deleteToStart, deleteToEnd
    case left, right, wordLeft, wordRight, home, end
    case up, down
    case interrupt, endOfInput, redraw
    case escape
}

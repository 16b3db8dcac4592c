/// How far a file is, on one row of the terminal.
struct ProgressBar {
    private static let cells = 20
    private static let longestName = 30

    /// Made harmless and short.
    private let name: String
    private var shown = ""

    init(name: String) {
        let line = DisplayText.harmlessLine(name)
        self.name = line.count > Self.longestName ? line.prefix(Self.longestName - 1) + "…" : line
    }

    /// What to write; empty when nothing changes for the eye.
    /// - Parameter width: of the terminal; what does not fit is left out.
    mutating func show(done: Int, total: Int, width: Int) -> String {
        let share = total > 0 ? min(max(Double(done) / Double(total), 0), 1) : 1
        let full = Int(share * Double(Self.cells))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: Self.cells - full)
        let amount = "\(Int(share * 100))% of \(FileSize.text(total))"
        let row = ["\(name)  \(bar)  \(amount)", "\(bar)  \(amount)", amount].first { TextWidth.of($0) < width } ?? ""
        guard row != shown else { return "" }
        shown = row
        return Self.beginning + row
    }

    /// What to write so that nothing is left of it.
    mutating func clear() -> String {
        if shown.isEmpty { return "" }
        shown = ""
        return Self.beginning
    }

    /// To the left edge, and nothing on the row.
    private static let beginning = "\r\u{1B}[K"
}

/// The finished rows of a chat: messages with a line where a day begins, and notes of the program between them.
struct Transcript {
    private enum Item {
        case entry(ChatEntry, startsDay: Bool)
        case note(String, Style.Role)
    }

    /// More items than any terminal shows; the first ones beyond are forgotten.
    private static let mostItems = 500

    private let looks: EntryRows
    private var items: [Item] = []
    /// Of each item.
    private var rowsOfItems: [[String]] = []
    private var lastDay: String?
    private(set) var width: Int
    /// How many rows the forgotten items had.
    private(set) var forgottenRows = 0

    /// - Parameter width: of the rows at most.
    init(looks: EntryRows, width: Int) {
        self.looks = looks
        self.width = width
    }

    var rows: [String] { rowsOfItems.flatMap { $0 } }

    /// Adds a message, or changes the one at its position.
    mutating func put(_ entry: ChatEntry) {
        let place = items.lastIndex { if case .entry(let other, _) = $0 { other.position == entry.position } else { false } }
        if let place, case .entry(_, let startsDay) = items[place] {
            set(.entry(entry, startsDay: startsDay), at: place)
            return
        }
        let day = looks.time.day(entry.sent)
        append(.entry(entry, startsDay: day != lastDay))
        lastDay = day
    }

    mutating func expire(_ positions: Set<Int64>) {
        for (place, item) in items.enumerated() {
            guard case .entry(var entry, let startsDay) = item, positions.contains(entry.position) else { continue }
            entry.text = "(gone)"
            entry.quote = nil
            entry.expires = nil
            set(.entry(entry, startsDay: startsDay), at: place)
        }
    }

    /// - Parameter text: already harmless.
    mutating func note(_ text: String, _ role: Style.Role = .dim) { append(.note(text, role)) }

    /// Lays everything out anew.
    mutating func setWidth(_ width: Int) {
        self.width = width
        rowsOfItems = items.map(layOut)
    }

    private mutating func append(_ item: Item) {
        items.append(item)
        rowsOfItems.append(layOut(item))
        if items.count > Self.mostItems {
            items.removeFirst()
            forgottenRows += rowsOfItems.removeFirst().count
        }
    }

    private mutating func set(_ item: Item, at place: Int) {
        items[place] = item
        rowsOfItems[place] = layOut(item)
    }

    private func layOut(_ item: Item) -> [String] {
        switch item {
        case .entry(let entry, let startsDay):
            (startsDay ? [looks.dayRow(entry, width: width)] : []) + looks.rows(of: entry, width: width)
        case .note(let text, let role):
            TextWrap.rows(text, width: width).map { looks.style(role, $0) }
        }
    }
}

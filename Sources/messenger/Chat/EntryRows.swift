/// How one message looks: its rows on a terminal, or its lines where there is none.
struct EntryRows {
    private static let ownName = "you"
    private static let longestQuote = 40

    let style: Style
    let time: LocalTime

    /// Rows of at most `width` columns. What the text goes on with stands further right than any beginning, so that no text can
    /// look like another message.
    func rows(of entry: ChatEntry, width: Int) -> [String] {
        let name = entry.isMine ? Self.ownName : DisplayText.harmlessLine(entry.sender)
        let head = time.clock(entry.sent) + " " + name + ": "
        let indent = min(TextWidth.of(head), max(width / 2, 1))
        let room = max(width - indent, 2)
        var rows = quote(of: entry, room: room) + body(of: entry, room: room)
        let tail = tail(of: entry)
        if let tail, let last = rows.last {
            let fits = last.columns + TextWidth.of(tail.plain) + 2 <= room
            if fits {
                rows[rows.count - 1].text += "  " + tail.styled
            } else {
                rows.append((tail.styled, TextWidth.of(tail.plain)))
            }
        }
        rows += notes(of: entry, room: room)
        let first = style(.dim, time.clock(entry.sent)) + " " + style(entry.isMine ? .ownName : .name, name) + ": "
        let isNameTooLong = TextWidth.of(head) > indent
        let texts = rows.map(\.text)
        if isNameTooLong {
            return TextWrap.rows(head, width: width) + texts.map { String(repeating: " ", count: indent) + $0 }
        }
        return texts.enumerated().map { ($0 == 0 ? first : String(repeating: " ", count: indent)) + $1 }
    }

    /// One line, and an indented one for each further line of the text.
    func plainLines(of entry: ChatEntry) -> String {
        let name = entry.isMine ? Self.ownName : DisplayText.harmlessLine(entry.sender)
        let text = entry.isDeleted ? "(deleted)" : DisplayText.harmless(entry.text)
        let warnings = entry.warnings.map { "\n    warning: " + DisplayText.harmlessLine($0) }.joined()
        let place = entry.group.map { " in " + DisplayText.harmlessLine($0) } ?? ""
        let mark = entry.expires.map { " (goes after \($0))" } ?? ""
        return "\(time.stamp(entry.sent)) \(name)\(place)\(mark): \(text.replacing("\n", with: "\n    "))\(warnings)"
    }

    /// The line between two days.
    func dayRow(_ entry: ChatEntry, width: Int) -> String {
        let day = " " + time.day(entry.sent) + " "
        let side = max((min(width, 60) - TextWidth.of(day)) / 2, 0)
        let rule = String(repeating: "─", count: side)
        return style(.dim, rule + (TextWidth.of(day) <= width ? day : "") + rule)
    }

    private typealias Row = (text: String, columns: Int)

    private func styled(_ text: String, _ role: Style.Role, room: Int) -> [Row] {
        TextWrap.rows(text, width: room).map { (style(role, $0), TextWidth.of($0)) }
    }

    private func quote(of entry: ChatEntry, room: Int) -> [Row] {
        guard let quote = entry.quote else { return [] }
        let line = DisplayText.harmlessLine(quote)
        let short = line.count > Self.longestQuote ? line.prefix(Self.longestQuote) + "…" : line[...]
        return styled("> " + short, .dim, room: room)
    }

    private func body(of entry: ChatEntry, room: Int) -> [Row] {
        if entry.isDeleted { return styled("(deleted)", .dim, room: room) }
        return TextWrap.rows(DisplayText.harmless(entry.text), width: room).map { ($0, TextWidth.of($0)) }
    }

    private func notes(of entry: ChatEntry, room: Int) -> [Row] {
        let reactions = entry.reactions.map { DisplayText.harmlessLine($0) }.joined(separator: ", ")
        let warnings = entry.warnings.flatMap { styled("! " + DisplayText.harmlessLine($0), .warning, room: room) }
        return (reactions.isEmpty ? [] : styled("[" + reactions + "]", .dim, room: room)) + warnings
    }

    /// What stands behind the text: whether it was edited, and how far one's own got.
    private func tail(of entry: ChatEntry) -> (plain: String, styled: String)? {
        var parts: [(String, Style.Role)] = entry.isEdited && !entry.isDeleted ? [("(edited)", .dim)] : []
        if let expires = entry.expires, !entry.isDeleted { parts.append(("⏱ \(expires)", .dim)) }
        switch entry.tick {
        case .waiting: parts.append(("…", .dim))
        case .accepted: parts.append(("✓", .dim))
        case .delivered: parts.append(("✓✓", .dim))
        case .read: parts.append(("✓✓ read", .good))
        case .refused: parts.append(("not sent", .danger))
        case nil: break
        }
        if parts.isEmpty { return nil }
        return (parts.map(\.0).joined(separator: " "), parts.map { style($1, $0) }.joined(separator: " "))
    }
}

/// Cuts text into rows, so that the terminal never wraps by itself: a row that it begins would look like a new line.
enum TextWrap {
    /// The text's lines as rows of at most `width` columns, cut at a space where there is one, else anywhere. Never empty.
    /// - Parameter width: at least 2 are taken, for a wide character needs them.
    static func rows(_ text: String, width: Int) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrap($0, width: max(width, 2)) }
    }

    private static func wrap(_ line: Substring, width: Int) -> [String] {
        var rows: [String] = []
        var rest = line
        while true {
            let end = fitting(rest, width)
            if end == rest.endIndex { break }
            var cut = end
            if rest[end] != " ", let space = rest[..<end].lastIndex(of: " "), space > rest.startIndex { cut = space }
            rows.append(String(rest[..<cut]))
            rest = rest[cut...]
            if rest.first == " " { rest = rest.dropFirst() }
        }
        return rows + [String(rest)]
    }

    /// Where the first `width` columns end; after at least one character.
    private static func fitting(_ text: Substring, _ width: Int) -> Substring.Index {
        var columns = 0
        for index in text.indices {
            columns += TextWidth.of(text[index])
            if columns > width { return index == text.startIndex ? text.index(after: index) : index }
        }
        return text.endIndex
    }
}

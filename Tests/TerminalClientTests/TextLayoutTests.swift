import Testing

@testable import messenger

@Suite(.timeLimit(.minutes(1)))
struct TextLayoutTests {
    @Test(
        arguments: [
            ("", 0), ("abc", 3), ("héllo", 5), ("he\u{301}", 2), ("日本語", 6), ("한글", 4), ("👍", 2), ("👍🏽", 2), ("👨‍👩‍👧", 2),
            ("❤️", 2), ("❤", 1), ("🇩🇪", 2), ("ｆｕｌｌ", 8), ("✓✓", 2), ("─", 1), ("\u{200D}", 0),
        ])
    func `Columns are counted as terminals do`(text: String, columns: Int) {
        #expect(TextWidth.of(text) == columns)
    }

    @Test(
        arguments: [
            ("hello world", 80, ["hello world"]),
            ("hello world", 5, ["hello", "world"]),
            ("hello wide world", 10, ["hello wide", "world"]),
            ("abcdefgh", 3, ["abc", "def", "gh"]),
            ("日本語", 5, ["日本", "語"]),
            ("a\n\nb", 10, ["a", "", "b"]),
            ("", 10, [""]),
            ("日", 1, ["日"]),
        ])
    func `Text is cut at spaces, and within words that are too long`(text: String, width: Int, rows: [String]) {
        #expect(TextWrap.rows(text, width: width) == rows)
    }

    @Test func `A draft keeps its cursor when it takes several rows`() {
        let draft = DraftLayout(prompt: "bob> ", before: "0123456789", after: "abc", width: 13, mostRows: 5)
        #expect(draft.rows == ["bob> 01234567", "     89abc"])
        #expect(draft.cursorRow == 1 && draft.cursorColumn == 7)
    }

    @Test func `Of a draft that is too long, the rows around the cursor are shown`() {
        let text = (1...9).map { "line \($0)" }.joined(separator: "\n")
        let draft = DraftLayout(prompt: "> ", before: text, after: "\nmore", width: 40, mostRows: 3)
        #expect(draft.rows == ["  line 7", "  line 8", "  line 9"])
        #expect(draft.cursorRow == 2 && draft.cursorColumn == 8)
    }

    @Test func `A narrow terminal still shows something`() {
        let draft = DraftLayout(prompt: "a long prompt> ", before: "日本", after: "", width: 3, mostRows: 9)
        #expect(draft.rows.count == 2)
    }
}

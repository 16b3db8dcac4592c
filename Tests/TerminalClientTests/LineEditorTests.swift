import Testing

@testable import messenger

@Suite(.timeLimit(.minutes(1)))
struct LineEditorTests {
    /// The draft after some keys, with | where the cursor is.
    private func draft(_ keys: [Key]) -> String {
        var editor = LineEditor()
        for key in keys { _ = editor.take(key) }
        return editor.before + "|" + editor.after
    }

    @Test(
        arguments: [
            ([.text("a"), .text("b"), .left, .text("c")], "ac|b"),
            ([.text("e"), .text("\u{301}"), .backspace], "|"),
            ([.text("👍"), .text("🏽"), .left, .right, .backspace, .text("x")], "x|"),
            ([.paste("one two three"), .wordLeft, .deleteWord], "one |three"),
            ([.paste("one two"), .home, .wordRight, .deleteToEnd], "one|"),
            ([.paste("one two"), .home, .delete, .delete, .end, .backspace], "e tw|"),
            ([.paste("one\ntwo"), .home, .text("x"), .end, .deleteToStart], "one\n|"),
            ([.paste("a\r\nb\u{1B}[2J\u{07}\r\n\n")], "a\nb[2J|"),
            ([.left, .backspace, .delete, .deleteWord, .deleteToStart, .deleteToEnd, .wordLeft, .wordRight, .up, .down], "|"),
        ] as [([Key], String)])
    func `Keys change the draft`(keys: [Key], expected: String) {
        #expect(draft(keys) == expected)
    }

    @Test func `Enter submits and empties, but nothing blank`() {
        var editor = LineEditor()
        #expect(editor.take(.enter) == .nothing)
        _ = editor.take(.paste("  "))
        #expect(editor.take(.enter) == .nothing)
        _ = editor.take(.paste("hello"))
        _ = editor.take(.lineBreak)
        _ = editor.take(.text("!"))
        #expect(editor.take(.enter) == .submit("  hello\n!"))
        #expect(editor.text.isEmpty)
    }

    @Test func `What was sent comes back with the up key, and the draft with the down key`() {
        var editor = LineEditor()
        for text in ["one", "two"] {
            _ = editor.take(.paste(text))
            _ = editor.take(.enter)
        }
        _ = editor.take(.paste("draft"))
        let seen = [Key.up, .up, .up, .down, .down, .down].map { key in
            _ = editor.take(key)
            return editor.text
        }
        #expect(seen == ["two", "one", "one", "two", "draft", "draft"])
    }

    @Test func `Control-D ends only an empty draft`() {
        var editor = LineEditor()
        _ = editor.take(.paste("ab"))
        _ = editor.take(.home)
        #expect(editor.take(.endOfInput) == .changed)
        #expect(editor.text == "b")
        _ = editor.take(.delete)
        #expect(editor.take(.endOfInput) == .endOfInput)
        #expect(editor.take(.interrupt) == .interrupt)
    }
}

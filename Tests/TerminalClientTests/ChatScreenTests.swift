import Foundation
import TestSupport
import Testing

@testable import messenger

/// The chat on a terminal that is simulated: nothing that arrives tears the draft.
@Suite(.timeLimit(.minutes(1)))
struct ChatScreenTests {
    private static let looks = EntryRows(style: .plain, time: LocalTime(zone: .gmt))
    private static let morning = Date(timeIntervalSince1970: 1_795_512_600)

    private func entry(_ position: Int64, _ text: String, mine: Bool = false, tick: ChatEntry.Tick? = nil) -> ChatEntry {
        ChatEntry(position: position, sender: "ann", isMine: mine, sent: Self.morning, text: text, tick: tick)
    }

    /// A screen of the chat and the terminal that it writes to.
    private struct Pair {
        var chat: ChatScreen
        var terminal: TestScreen

        init(columns: Int, rows: Int, row: Int = 0) throws {
            chat = ChatScreen(prompt: "ann", size: .init(columns: columns, rows: rows), looks: ChatScreenTests.looks)
            terminal = TestScreen(columns: columns, height: rows, row: row)
            try terminal.write(chat.begin())
        }

        mutating func type(_ text: String) throws { for key in text { try press(.text(String(key))) } }
        mutating func press(_ key: Key) throws { try terminal.write(chat.take(key).output) }
        mutating func put(_ entry: ChatEntry) throws { try terminal.write(chat.put([entry])) }
    }

    @Test func `A message that arrives stands above the draft, which stays whole`() throws {
        var pair = try Pair(columns: 40, rows: 8)
        try pair.type("half a se")
        try pair.put(entry(1, "hello"))
        #expect(
            pair.terminal.everything == [
                "────── Tuesday, 24 November 2026 ──────".prefixed(to: 39), "09:30 ann: hello", "ann> half a se",
            ])
        try pair.type("ntence")
        #expect(pair.terminal.everything.last == "ann> half a sentence")
        #expect(pair.terminal.column == 20)
    }

    @Test func `Ticks change in place`() throws {
        var pair = try Pair(columns: 40, rows: 8)
        try pair.put(entry(1, "hello", mine: true, tick: .waiting))
        try pair.put(entry(2, "hi"))
        try pair.type("dra")
        try pair.put(entry(1, "hello", mine: true, tick: .read))
        #expect(Array(pair.terminal.everything.dropFirst()) == ["09:30 you: hello  ✓✓ read", "09:30 ann: hi", "ann> dra"])
    }

    @Test func `No text can look like another message, or reach the left edge`() throws {
        var pair = try Pair(columns: 30, rows: 20)
        try pair.put(entry(1, "x\n09:31 bob: forged\r\u{1B}[H" + String(repeating: "y", count: 40) + " 09:31 bob: again"))
        for row in pair.terminal.everything.dropFirst(2).dropLast() {
            #expect(row.hasPrefix(String(repeating: " ", count: 11)), "\(row)")
        }
        #expect(pair.terminal.wraps == 0)
    }

    @Test func `A resize lays everything out anew`() throws {
        var pair = try Pair(columns: 60, rows: 10)
        try pair.put(entry(1, "a message that needs two rows when it is narrow"))
        try pair.type("draft")
        pair.terminal = TestScreen(columns: 30, height: 6, row: 3)
        try pair.terminal.write(pair.chat.resize(.init(columns: 30, rows: 6)))
        #expect(pair.terminal.wraps == 0)
        #expect(
            Array(pair.terminal.everything.dropFirst()) == [
                "09:30 ann: a message that", "           needs two rows", "           when it is narrow", "ann> draft",
            ])
        try pair.put(entry(2, "next"))
        #expect(pair.terminal.everything.suffix(2) == ["09:30 ann: next", "ann> draft"])
    }

    @Test func `The end leaves the cursor below everything`() throws {
        var pair = try Pair(columns: 40, rows: 5, row: 4)
        try pair.put(entry(1, "hello"))
        try pair.type("draft")
        try pair.press(.home)
        try pair.terminal.write(pair.chat.end())
        try pair.terminal.write("$ ")
        #expect(pair.terminal.everything.suffix(2) == ["ann> draft", "$"])
    }

    @Test(arguments: 1...40)
    func `Whatever happens, the terminal shows the end of the page`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let rows = Int.random(in: 3...12, using: &random)
        let columns = Int.random(in: 12...50, using: &random)
        var pair = try Pair(columns: columns, rows: rows, row: Int.random(in: 0..<rows, using: &random))
        var transcript = Transcript(looks: Self.looks, width: columns - 1)
        var editor = LineEditor()
        let keys: [Key] = [
            .text("a"), .text("日"), .text("b "), .left, .right, .home, .end, .backspace, .deleteWord, .lineBreak, .enter,
            .paste("some words to\npaste"),
        ]
        for step in 0..<200 {
            if Bool.random(using: &random) {
                let key = keys.randomElement(using: &random)!
                _ = editor.take(key)
                try pair.press(key)
            } else {
                let position = Int64.random(in: 0...Int64(step), using: &random)
                let words = Array(repeating: "word 日本", count: Int.random(in: 1...6, using: &random)).joined(separator: " ")
                let new = entry(position, words, mine: true, tick: [.waiting, .read].randomElement(using: &random))
                transcript.put(new)
                try pair.put(new)
            }
            let draft = DraftLayout(
                prompt: "ann> ", before: editor.before, after: editor.after, width: columns - 2, mostRows: max(rows / 2, 1))
            let page = (transcript.rows + draft.rows).map { $0.withoutTrailingSpaces }
            // What has scrolled away is not changed any more, so only what the terminal still shows is compared.
            let visible = pair.terminal.shown[...pair.terminal.row].count + draft.rows.count - 1 - draft.cursorRow
            #expect(pair.terminal.wraps == 0)
            #expect(
                Array(pair.terminal.shown.prefix(visible).suffix(draft.rows.count)) == draft.rows.map { $0.withoutTrailingSpaces }
            )
            let whole = Array(pair.terminal.shown.prefix(visible)).suffix(min(page.count, visible))
            #expect(Array(whole) == page.suffix(whole.count), "seed \(seed), step \(step)")
            #expect(pair.terminal.column == draft.cursorColumn)
        }
    }
}

extension String {
    /// Its first characters.
    fileprivate func prefixed(to count: Int) -> String { String(prefix(count)) }
}

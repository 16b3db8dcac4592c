import TestSupport
import Testing

@testable import messenger

@Suite(.timeLimit(.minutes(1)))
struct KeyDecoderTests {
    private func keys(_ text: String) -> [Key] {
        var decoder = KeyDecoder()
        return decoder.keys(text.utf8)
    }

    @Test(
        arguments: [
            ("ab", [.text("a"), .text("b")]),
            ("é日👍", [.text("é"), .text("日"), .text("👍")]),
            ("\r", [.enter]), ("\u{1B}\r", [.lineBreak]),
            ("\u{7F}\u{08}", [.backspace, .backspace]),
            ("\u{01}\u{05}\u{15}\u{17}\u{0B}", [.home, .end, .deleteToStart, .deleteWord, .deleteToEnd]),
            ("\u{03}\u{04}\u{0C}", [.interrupt, .endOfInput, .redraw]),
            ("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
            ("\u{1B}OH\u{1B}OF\u{1B}[H\u{1B}[F", [.home, .end, .home, .end]),
            ("\u{1B}[1~\u{1B}[4~\u{1B}[3~", [.home, .end, .delete]),
            ("\u{1B}[1;5C\u{1B}[1;3D\u{1B}b\u{1B}f", [.wordRight, .wordLeft, .wordLeft, .wordRight]),
            ("\u{1B}[200~two\r\nlines\u{1B}[A\u{1B}[201~x", [.paste("two\r\nlines\u{1B}[A"), .text("x")]),
            ("\u{1B}[99;99;99Zx\u{1B}[15~y", [.text("x"), .text("y")]),
        ] as [(String, [Key])])
    func `Bytes become keys`(text: String, expected: [Key]) {
        #expect(keys(text) == expected)
    }

    @Test func `It does not matter how the bytes are cut`() {
        let text = "é\u{1B}[1;5C👍\u{1B}[200~日本\r\n\u{1B}[201~\u{1B}OHz"
        var decoder = KeyDecoder()
        let one = text.utf8.flatMap { decoder.keys([$0]) }
        #expect(one == keys(text) && one.count == 6)
    }

    @Test func `An escape is a key when nothing follows`() {
        var decoder = KeyDecoder()
        #expect(decoder.keys([0x1B]).isEmpty && decoder.isWaiting)
        #expect(decoder.flush() == [.escape])
        #expect(decoder.flush().isEmpty)
        #expect(decoder.keys("a".utf8) == [.text("a")])
    }

    @Test(arguments: [[0xFF], [0xC3, 0x28], [0x80], [0xE0, 0x80, 0x80], [0xF5]] as [[UInt8]])
    func `What is not UTF-8 becomes a replacement character`(bytes: [UInt8]) {
        var decoder = KeyDecoder()
        #expect(
            decoder.keys(bytes).first.map { if case .text(let text) = $0 { text.hasPrefix("\u{FFFD}") } else { false } } == true)
        #expect(decoder.keys("z".utf8).last == .text("z"))
    }

    @Test func `A paste has a bound, and ends all the same`() {
        var decoder = KeyDecoder()
        let keys =
            decoder.keys("\u{1B}[200~".utf8) + decoder.keys(Array(repeating: UInt8(ascii: "x"), count: 3 << 20))
            + decoder.keys("\u{1B}[201~!".utf8)
        #expect(keys.count == 2 && keys.last == .text("!"))
        if case .paste(let text) = keys.first { #expect((1 << 20..<(1 << 20) + 10).contains(text.utf8.count)) }
    }

    @Test func `Random bytes never trap`() {
        var random = SeededRandom(seed: 11)
        var decoder = KeyDecoder()
        var editor = LineEditor()
        for _ in 0..<200_000 {
            let byte =
                Bool.random(using: &random)
                ? UInt8.random(in: 0...255, using: &random) : Array("\u{1B}[O;~200AC1".utf8).randomElement(using: &random)!
            for key in decoder.keys([byte]) { _ = editor.take(key) }
        }
    }
}

import TestSupport
import Testing

@testable import messenger

/// What others wrote cannot command the terminal.
@Suite(.timeLimit(.minutes(1)))
struct DisplayTextTests {
    @Test(
        arguments: [
            ("plain", "plain"),
            ("a\u{1B}[2Jb", "a␛[2Jb"),
            ("\u{1B}]0;title\u{07}", "␛]0;title␇"),
            ("bell\u{07} del\u{7F}", "bell␇ del␡"),
            ("c1 \u{9B}2J", "c1 <U+9B>2J"),
            ("\u{202E}evil", "<U+202E>evil"),
            ("\u{2066}x\u{2069}", "<U+2066>x<U+2069>"),
            ("zero\u{200B}width\u{FEFF}", "zero<U+200B>width<U+FEFF>"),
            ("a\u{2028}b", "a<U+2028>b"),
            ("a\tb", "a    b"),
            ("a\r\nb\rc\nd", "a\nb\nc\nd"),
            ("family 👨‍👩‍👧 नमस्ते é", "family 👨‍👩‍👧 नमस्ते é"),
        ])
    func `Control characters are shown as signs and do nothing`(text: String, shown: String) {
        #expect(DisplayText.harmless(text) == shown)
    }

    @Test func `A line stays one`() {
        #expect(DisplayText.harmlessLine("one\r\ntwo\nthree") == "one⏎two⏎three")
    }

    @Test func `Random text never leaves a control character but the line end`() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let limit: UInt32 = Bool.random(using: &random) ? 0x100 : 0x2100
                text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) ?? " ")
            }
            let shown = DisplayText.harmless(text)
            #expect(
                shown.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control },
                "\(text.debugDescription)")
        }
    }
}

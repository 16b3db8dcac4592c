import Foundation
import TestSupport
import Testing

@testable import messenger

@Suite(.timeLimit(.minutes(1)))
struct FileTests {
    @Test(arguments: [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_000, "1.0 KB"), (1_250, "1.3 KB"), (9_960, "10 KB"),
        (999_499, "999 KB"), (999_500, "1.0 MB"), (340_000_000, "340 MB"), (Int.max, "9.2 EB"),
    ])
    func `Sizes are short`(bytes: Int, text: String) { #expect(FileSize.text(bytes) == text) }

    @Test func `A bar is written anew only when it looks otherwise, and leaves nothing behind`() throws {
        var bar = ProgressBar(name: "photo\u{1B}[2J.jpg")
        var screen = TestScreen(columns: 80, height: 3)
        func shown(_ text: String) throws -> String {
            // The screen of these tests clears rows as the chat does; the bar stays on one.
            try screen.write(text)
            return screen.everything.joined(separator: "\n")
        }
        #expect(try shown(bar.show(done: 0, total: 2_000_000, width: 80)).hasSuffix("░░░░  0% of 2.0 MB"))
        #expect(bar.show(done: 1, total: 2_000_000, width: 80).isEmpty)
        let half = try shown(bar.show(done: 1_000_000, total: 2_000_000, width: 80))
        #expect(half == "photo␛[2J.jpg  ██████████░░░░░░░░░░  50% of 2.0 MB")
        #expect(try shown(bar.show(done: 3_000_000, total: 2_000_000, width: 80)).hasSuffix("100% of 2.0 MB"))
        #expect(try shown(bar.clear()).isEmpty)
        #expect(bar.clear().isEmpty)
    }

    @Test func `A bar takes less room on a narrow terminal`() {
        var bar = ProgressBar(name: String(repeating: "long", count: 20))
        for width in [0, 5, 20, 40, 80, 200] {
            let row = bar.show(done: 1, total: 2, width: width).dropFirst("\r\u{1B}[K".count)
            #expect(TextWidth.of(String(row)) < max(width, 1))
        }
    }

    @Test func `A file goes into the folder that was named, under a safe name, or to the file that was named`() throws {
        let folder = try TemporaryFolder()
        #expect(SaveTarget(fileName: "a.jpg", place: folder.path).file.path == folder.path + "/a.jpg")
        #expect(SaveTarget(fileName: "a.jpg", place: folder.path + "/b.jpg").file.path == folder.path + "/b.jpg")
        #expect(SaveTarget(fileName: "a.jpg", place: nil).file.lastPathComponent == "a.jpg")
        #expect(SaveTarget.expanded("~/x") == NSHomeDirectory() + "/x" && SaveTarget.expanded("a~/x") == "a~/x")
        #expect(!SaveTarget(fileName: "a.jpg", place: folder.path).exists)
        try Data().write(to: folder.url.appending(path: "a.jpg"))
        #expect(SaveTarget(fileName: "a.jpg", place: folder.path).exists)
    }
}

import Testing

@testable import messenger

@Suite(.timeLimit(.minutes(1)))
struct OutputTests {
    private struct Line: Encodable { let text: String }

    @Test func `An object is one line that no terminal takes as a command`() {
        let line = Output.encoded(Line(text: "a\nb\u{1B}[2J\u{9B}\u{7F}é/"))
        #expect(line == #"{"text":"a\nb\u001b[2J\u009b\u007fé/"}"#)
    }

    @Test(
        arguments: [
            ([:], true), (["NO_COLOR": ""], true), (["NO_COLOR": "1"], false), (["TERM": "dumb"], false),
            (["TERM": "xterm"], true),
        ] as [([String: String], Bool)])
    func `Colours can be refused`(environment: [String: String], wants: Bool) {
        #expect(Style.wantsColours(environment) == wants)
        #expect(Style.plain(.danger, "x") == "x")
        #expect(Style(isColoured: true)(.good, "x") == "\u{1B}[32mx\u{1B}[0m")
    }

    @Test(
        arguments: [
            ("hello", .message("hello")), ("//etc", .message("/etc")), ("/quit", .quit), ("/help", .help),
            ("/reply  yes, I do", .reply("yes, I do")),
            ("/react 👍", .react("👍")), ("/react", .react("")), ("/edit new text", .edit("new text")), ("/delete", .deleteLast),
            ("/file my photo.jpg", .file("my photo.jpg")), ("/file", .unknown("/file")), ("/save", .save(nil)),
            ("/agree", .agree),
            ("/save 12", .save(12)), ("/save it", .unknown("/save it")), ("/edit", .unknown("/edit")),
            ("/rm -rf", .unknown("/rm")), ("/", .unknown("/")), ("a\n/quit", .message("a\n/quit")),
        ] as [(String, ChatInput)])
    func `A line in the chat is a message or a command`(line: String, input: ChatInput) {
        #expect(ChatInput(line) == input)
    }
}

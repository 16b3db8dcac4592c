import Foundation
import TestSupport
import Testing

/// The built `messenger` as a new user meets it: typed into real terminals, against a server with a certificate of its own making.
@Suite(.timeLimit(.minutes(10)))
struct TerminalScenarioTests {
    private static let page = URL(filePath: #filePath).appending(path: "../../../docs/terminal-client.md").standardizedFileURL

    @Test func `Two people register, write, and see each other's words live above their drafts`() async throws {
        try await ServerProcess.run { server in
            try await TerminalWindow.run(columns: 80, rows: 24, environment: TerminalWindow.builtPrograms) { ann in
                try await TerminalWindow.run(columns: 80, rows: 24, environment: TerminalWindow.builtPrograms) { bob in
                    try await ann.register("ann", phone: "1", on: server)
                    try await bob.register("bob", phone: "2", on: server)
                    try await chat(ann, bob)
                    try await pictures(ann, bob, in: server.folder.url)
                }
            }
        }
    }

    private func chat(_ ann: TerminalWindow, _ bob: TerminalWindow) async throws {
        try await ann.enter(#"clear; messenger send bob "Hello Bob!""#)
        try await ann.shows("✓ sent")
        try await bob.enter("clear; messenger chat ann")
        try await bob.shows("ann: Hello Bob!")
        try await bob.type("Hello, I was j")
        try await bob.shows("bob> Hello, I was j")
        try await ann.enter("clear; messenger chat bob")
        try await ann.shows("you: Hello Bob!  ✓✓ read")
        try await ann.enter("Shall we meet at the lake?")
        try await bob.shows("the message above the whole draft") { rows in
            rows.suffix(2).map { $0.replacing(/\d\d:\d\d/, with: "09:30") }
                == ["09:30 ann: Shall we meet at the lake?", "bob> Hello, I was j"]
        }
        try await bob.enter("ust writing to you. Yes!")
        try await ann.shows("bob: Hello, I was just writing to you. Yes!")
        try await bob.shows("you: Hello, I was just writing to you. Yes!  ✓✓ read")
        try await ann.shows("you: Shall we meet at the lake?  ✓✓ read")
        try await ann.type("See you")
        try await ann.shows("ann> See you")
        try await matchesPage(try await ann.screen())
        try await ann.resize(columns: 50, rows: 12)
        try await ann.shows("a chat that fits") { $0.last == "ann> See you" && $0.allSatisfy { $0.count < 50 } }
        try await ann.enter("!")
        try await bob.shows("ann: See you!")
        try await bob.press("C-d")
        try await bob.shows(TerminalWindow.prompt)
        try await bob.enter("echo $?")
        try await bob.shows("the exit status") { $0.contains("0") }
    }

    /// One sent by the command and saved by the command, one sent and saved within chats.
    private func pictures(_ ann: TerminalWindow, _ bob: TerminalWindow, in folder: URL) async throws {
        var random = SeededRandom(seed: 7)
        for (name, size) in [("photo.jpg", 1_234_567), ("drawing.png", 700_000)] {
            let bytes = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            try Data(bytes).write(to: folder.appending(path: name))
        }
        let saved = folder.appending(path: "saved")
        try FileManager.default.createDirectory(at: saved, withIntermediateDirectories: true)
        try await ann.press("C-d")
        try await ann.shows(TerminalWindow.prompt)
        try await ann.resize(columns: 80, rows: 24)
        try await ann.enter("clear; messenger send bob --file \(folder.path)/photo.jpg 'from the lake'")
        try await ann.shows("✓ sent")
        try await bob.enter("clear; cd \(saved.path); messenger inbox")
        try await bob.shows("from the lake")
        #expect(try await bob.screen().contains { $0.contains(/ann: \[photo\.jpg, 1\.2 MB: messenger save \d+\] from the lake/) })
        try await bob.enter("clear; messenger save")
        try await bob.shows("Saved as")
        try same("photo.jpg", folder, saved)
        try await bob.enter("clear; messenger save")
        try await bob.shows("is there already. Write over it? [yes/no]")
        try await bob.enter("no")
        try await bob.shows("the refusal") { $0.contains { $0.contains("Choose another place with --to.") } }
        try await ann.enter("clear; cd \(saved.path); messenger chat bob")
        try await ann.shows("ann> ")
        try await bob.enter("clear; messenger chat ann")
        try await bob.shows("bob> ")
        try await bob.enter("/file \(folder.path)/drawing.png")
        try await bob.shows("you: [drawing.png, 700 KB]  ✓✓ read")
        try await ann.enter("/save")
        try await ann.shows("Saved as")
        try same("drawing.png", folder, saved)
    }

    private func same(_ name: String, _ sent: URL, _ saved: URL) throws {
        let (sent, saved) = (sent.appending(path: name), saved.appending(path: name))
        #expect(try Data(contentsOf: sent) == Data(contentsOf: saved))
        let mode = try FileManager.default.attributesOfItem(atPath: saved.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    /// The page shows what the terminal showed, but for times and days.
    private func matchesPage(_ screen: [String]) async throws {
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        let block = try #require(page.components(separatedBy: "<!-- screen -->").dropFirst().first)
        let expected = block.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("```") }
        #expect(Self.timeless(screen) == Self.timeless(expected), "\(screen.joined(separator: "\n"))")
    }

    private static func timeless(_ rows: [String]) -> [String] {
        rows.map { $0.replacing(/\d\d:\d\d/, with: "00:00").replacing(/─+ \w+, \d+ \w+ \d+ ─+/, with: "── day ──") }
    }

    @Test func `A server that shows another certificate is refused with both fingerprints`() async throws {
        let folder = try TemporaryFolder()
        let port = try LoopbackPorts.free()
        try await ServerProcess.run(port: port, folder: folder) { server in
            try await TerminalWindow.run(columns: 130, rows: 24, environment: TerminalWindow.builtPrograms) { ann in
                try await ann.register("ann", phone: "1", on: server)
                let old = try await server.fingerprint()
                try await server.kill()
                try FileManager.default.removeItem(atPath: server.certificateFolder)
                try await server.start()
                let new = try await server.fingerprint()
                try await ann.enter("clear; messenger send bob hello; echo status $?")
                try await ann.shows("status 76")
                let screen = try await ann.screen().joined(separator: "\n")
                #expect(screen.contains("SECURITY WARNING") && screen.contains(old) && screen.contains(new), "\(screen)")
            }
        }
    }
}

import Foundation
import TestSupport

/// A real terminal that a test types into and looks at: a window of tmux, with a shell in it.
final class TerminalWindow: Sendable {
    struct Failed: Error, CustomStringConvertible { let description: String }

    /// Beside tmux's own: what the shell writes when it waits, so that nothing else looks like it.
    static let prompt = "ready$ "
    private static let name = "test"

    private let folder: TemporaryFolder
    private let server: ChildProcess
    /// A new window takes its PATH from who asks for it.
    private let environment: [String: String]

    private var socket: String { folder.path + "/socket" }

    private init(folder: TemporaryFolder, server: ChildProcess, environment: [String: String]) {
        self.folder = folder
        self.server = server
        self.environment = environment
    }

    /// Opens a window around `body`, and ends it and everything in it afterwards.
    static func run<Value: Sendable>(
        columns: Int, rows: Int, environment: [String: String] = [:], _ body: @Sendable (TerminalWindow) async throws -> Value
    ) async throws -> Value {
        let folder = try TemporaryFolder()
        let settings = folder.path + "/tmux.conf"
        try "set -g exit-empty off\nset -g status off\nset -g escape-time 0\n".write(
            toFile: settings, atomically: true, encoding: .utf8)
        let surroundings = ServerBinary.environment.merging(environment) { $1 }
            .merging(["PS1": prompt, "LC_ALL": "C.UTF-8", "TERM": "screen-256color", "TMUX": "", "TZ": "UTC"]) { $1 }
        let server = try await ChildProcess.start(
            "tmux", ["-u", "-S", folder.path + "/socket", "-f", settings, "-D"], environment: surroundings, folder: folder.url,
            output: folder.path + "/stdout", error: folder.path + "/stderr")
        let window = TerminalWindow(folder: folder, server: server, environment: surroundings)
        do {
            try await eventually("tmux listens") { FileManager.default.fileExists(atPath: window.socket) }
            try await window.tmux(
                ["new-session", "-d", "-s", name, "-x", "\(columns)", "-y", "\(rows)", "/bin/bash", "--norc", "--noprofile"])
            try await window.shows(prompt)
            let value = try await body(window)
            server.signal(15)
            return value
        } catch {
            server.signal(15)
            throw error
        }
    }

    /// What is to be seen now, without the empty rows at the end.
    func screen() async throws -> [String] {
        let output = try await tmux(["capture-pane", "-p", "-t", Self.name])
        var rows = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while rows.last == "" { rows.removeLast() }
        return rows
    }

    /// Types text as it is.
    func type(_ text: String) async throws { try await tmux(["send-keys", "-t", Self.name, "-l", "--", text]) }

    /// Presses a key by tmux's name for it, such as Enter or C-d.
    func press(_ key: String) async throws { try await tmux(["send-keys", "-t", Self.name, key]) }

    /// Types a line and ends it.
    func enter(_ line: String) async throws {
        try await type(line)
        try await press("Enter")
    }

    func resize(columns: Int, rows: Int) async throws {
        try await tmux(["resize-window", "-t", Self.name, "-x", "\(columns)", "-y", "\(rows)"])
    }

    /// Waits until the screen has a row with this text.
    func shows(_ text: String, within limit: Duration = .seconds(60)) async throws {
        try await shows("\(text)", within: limit) { rows in
            // tmux cuts spaces at the end.
            rows.contains { ($0 + " ").contains(text) }
        }
    }

    func shows(_ what: String, within limit: Duration = .seconds(60), _ condition: ([String]) -> Bool) async throws {
        var last: [String] = []
        do {
            try await eventually(what, within: limit) {
                last = try await screen()
                return condition(last)
            }
        } catch let error as NeverHappened {
            throw Failed(description: "\(error)\n" + last.joined(separator: "\n"))
        }
    }

    @discardableResult
    private func tmux(_ arguments: [String]) async throws -> String {
        let result = try await ChildProcess.run("tmux", ["-u", "-S", socket] + arguments, environment: environment)
        guard result.code == 0 else { throw Failed(description: "tmux \(arguments): \(result.error)") }
        return result.standard
    }
}

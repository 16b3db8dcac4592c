import Foundation
import Glibc
import TestSupport

/// What happens to the processes of a cluster.
extension ClusterProcess {
    private static let recoversWithin = Duration.seconds(60)
    struct NotRunning: Error {
        let name: String
    }

    static let roles = ["listener-1", "listener-2", "sender-1", "sender-2"]

    /// Of the processes of that kind, another one in each round.
    static func name(_ kind: String, in round: Int) -> String {
        ["listener", "sender"].contains(kind) ? "\(kind)-\(round % 2 + 1)" : kind
    }

    /// Throws when it does not run.
    func signal(_ name: String, _ number: Int32) throws {
        guard let id = try processes[name] else { throw NotRunning(name: name) }
        Glibc.kill(id, number)
    }

    /// As `kill -9` does, all at once; returns when they have been started again and the cluster is whole.
    func kill(_ names: [String]) async throws {
        let before = try processes
        for name in names { try signal(name, SIGKILL) }
        try await eventually("others in the place of \(names)", within: Self.recoversWithin) {
            let now = try processes
            return names.allSatisfy { now[$0] != nil && now[$0] != before[$0] }
        }
        try await untilWhole()
    }

    /// Does what `script/cluster restart`, `stop` or `start` does.
    func control(_ words: String...) async throws {
        try await ChildProcess.run(Self.script, words + ["--dir", directory], within: .seconds(120)).assertSuccess()
    }

    /// Waits until each listener says that it reaches all that it needs.
    func untilWhole() async throws { try await untilReadiness(.ok, "database: ok, broker: ok") }

    /// Waits until each listener says this at `/readyz`.
    func untilReadiness(_ status: Readiness, _ text: String) async throws {
        for name in try processes.keys.sorted() where name.hasPrefix("listener-") {
            try await eventually("\(name) is \(text)", within: Self.recoversWithin) {
                let answer = try? await listener(name).call("GET", "/readyz/", timeout: .seconds(2))
                return answer?.status == status.rawValue && answer?.text == text
            }
        }
    }

    enum Readiness: Int {
        case ok = 200
        case unavailable = 503
    }

    /// A client of that listener itself, past nginx.
    func listener(_ name: String) throws -> TestClient {
        let words = try processes[name].map { Self.commandLine($0) }?.split(separator: " ") ?? []
        guard let flag = words.firstIndex(of: "--port") else { throw NotRunning(name: name) }
        return TestClient("http://127.0.0.1:\(words[flag + 1])")
    }

    /// The processes with which PostgreSQL serves the listeners and senders.
    var databaseBackends: [pid_t] {
        get throws {
            let server = try processes["postgres"] ?? 0
            let children = try String(contentsOfFile: "/proc/\(server)/task/\(server)/children", encoding: .utf8)
            return children.split(separator: " ").compactMap { pid_t($0) }.filter {
                Self.commandLine($0).hasPrefix("postgres: messenger messenger ")
            }
        }
    }

    /// Adds a line to PostgreSQL's settings, in the place of the one before, and has it read them.
    func setDatabase(_ line: String) throws {
        let file = URL(filePath: directory + "/postgres/postgresql.conf")
        let mark = "\n# set by a test\n"
        let settings = try String(contentsOf: file, encoding: .utf8)
        let before = settings.range(of: mark).map { String(settings[..<$0.lowerBound]) } ?? settings
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data((before + mark + line + "\n").utf8))
        try handle.close()
        try signal("postgres", SIGHUP)
    }

    /// What listeners and senders have complained about last.
    var complaints: String {
        Self.roles.flatMap { name in
            let log = (try? String(contentsOfFile: "\(directory)/log/\(name).log", encoding: .utf8)) ?? ""
            return log.split(separator: "\n").suffix(200).filter { !$0.contains(" NOTICE ") }.suffix(10).map { "\(name): \($0)" }
        }.joined(separator: "\n")
    }
}

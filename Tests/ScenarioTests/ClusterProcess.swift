import Foundation
import Glibc
import Synchronization
import TestSupport

/// A running `script/cluster up` in a folder of its own, on a free port: nginx, PostgreSQL, RabbitMQ, listeners, senders.
final class ClusterProcess: Sendable {
    struct NotReady: Error {
        let output: String
    }

    /// For a machine that runs many tests at once; alone it takes seven seconds.
    private static let readyWithin = Duration.seconds(120)
    static let script =
        URL(filePath: #filePath).appending(path: "../../../script/cluster").standardizedFileURL.path

    let folder: TemporaryFolder
    private let flags: [String]
    private let child = Mutex<ChildProcess?>(nil)

    /// Where the cluster keeps everything, `--dir`.
    var directory: String { folder.path + "/cluster" }
    /// Everything that all its runs have printed.
    var output: String { (try? String(contentsOfFile: folder.path + "/output", encoding: .utf8)) ?? "" }
    /// The address of nginx; empty before it is ready.
    var url: String {
        let ready = output.split(separator: "\n").last { $0.hasPrefix("ready ") }
        return ready.map { String($0.dropFirst("ready ".count)) } ?? ""
    }

    private init(folder: TemporaryFolder, flags: [String]) {
        self.folder = folder
        self.flags = flags
    }

    /// Runs a cluster around `body`; it is stopped at the latest when `body` ends.
    /// - Parameter flags: of `script/cluster up`, and after `--` those of the listeners.
    static func run<Value: Sendable>(
        binary: String = ServerBinary.path, _ flags: [String] = [], isStarted: Bool = true,
        _ body: @Sendable (ClusterProcess) async throws -> Value
    ) async throws -> Value {
        let cluster = ClusterProcess(folder: try TemporaryFolder(), flags: ["--binary", binary] + flags)
        do {
            if isStarted { try await cluster.start() }
            let value = try await body(cluster)
            _ = try await cluster.terminate()
            return value
        } catch {
            _ = try? await cluster.terminate()
            throw error
        }
    }

    /// Returns when it is ready. Throws `NotReady` when it ends before.
    func start() async throws {
        let printed = output.utf8.count
        try await launch()
        try await eventually("ready in the output", within: Self.readyWithin) {
            let isRunning = isRunning
            let isReady = String(decoding: output.utf8.dropFirst(printed), as: UTF8.self).contains("\nready ")
            guard isRunning || isReady else { throw NotReady(output: output) }
            return isReady
        }
    }

    /// Returns at once.
    func launch() async throws {
        let started = try await ChildProcess.start(
            Self.script, ["up", "--port", "0", "--dir", directory] + flags, environment: ServerBinary.environment,
            folder: folder.url, output: folder.path + "/output", error: folder.path + "/output")
        child.withLock { $0 = started }
    }

    var isRunning: Bool { child.withLock { $0?.isRunning ?? false } }

    func signal(_ number: Int32) { child.withLock { $0?.signal(number) } }

    /// As Ctrl-C does: the exit code, and the time it took.
    func terminate() async throws -> (code: Int32, time: Duration) {
        guard let child = child.withLock({ $0 }) else { return (0, .zero) }
        let start = ContinuousClock.now
        child.signal(SIGINT)
        return (try await child.exitCode(), ContinuousClock.now - start)
    }

    /// Runs `script/cluster` with these words and `--dir`, to its end.
    func command(_ words: String...) async throws -> ChildProcess.Output {
        try await ChildProcess.run(Self.script, words + ["--dir", directory])
    }

    /// What runs, by name, as pids.json says.
    var processes: [String: pid_t] {
        get throws {
            let file = URL(filePath: directory).appending(path: "pids.json")
            return try JSONDecoder().decode([String: pid_t].self, from: Data(contentsOf: file))
        }
    }

    /// What runs in the cluster's folder, as the system says.
    var leftovers: [String] {
        let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { Int($0) != nil }
        return ids.compactMap { id in
            let files = FileManager.default
            let place = (try? files.destinationOfSymbolicLink(atPath: "/proc/\(id)/cwd")) ?? ""
            guard place.hasPrefix(directory) else { return nil }
            return Self.commandLine(id)
        }
    }

    static func commandLine(_ id: some CustomStringConvertible) -> String {
        let bytes = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
        return String(decoding: bytes, as: UTF8.self).replacing("\0", with: " ")
    }
}

import Foundation
import Glibc
import Synchronization
import TestSupport

/// The built `messenger-server serve` with data, certificate and log in a folder of its own: TLS, no rate limit, loopback.
final class ServerProcess: Sendable {
    struct NoFreePort: Error {}

    struct EndedEarly: Error {
        let code: Int32
        let log: String
    }

    private struct State {
        var child: ChildProcess?
        var url = ""
    }

    /// What the program finds itself in.
    struct Surroundings: Sendable {
        /// A program, with its arguments, that makes room for the server and then becomes it.
        var launcher: [String] = []
        var environment: [String: String] = [:]
    }

    private static let readyWithin = Duration.seconds(60)

    let folder: TemporaryFolder
    private let settings: [String]
    private let surroundings: Surroundings
    private let state = Mutex(State())

    var url: String { state.withLock { $0.url } }
    var id: pid_t { state.withLock { $0.child?.id ?? 0 } }
    var isRunning: Bool { state.withLock { $0.child?.isRunning ?? false } }
    var dataFolder: String { folder.path + "/data" }
    var certificateFolder: String { folder.path + "/cert" }
    /// Everything that all its runs have logged.
    var log: String { (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? "" }

    private init(folder: TemporaryFolder, settings: [String], surroundings: Surroundings) {
        self.folder = folder
        self.settings = settings
        self.surroundings = surroundings
    }

    /// Runs a server around `body`; it is killed at the latest when `body` ends.
    /// - Parameters:
    ///   - port: 0 takes a free one. For restarts use `freePort()`: a free one of the system's choice may be gone then.
    ///   - settings: more flags.
    static func run<Value: Sendable>(
        port: Int = 0, folder: TemporaryFolder? = nil, in surroundings: Surroundings = Surroundings(), _ settings: [String] = [],
        _ body: @Sendable (ServerProcess) async throws -> Value
    ) async throws -> Value {
        let server = ServerProcess(
            folder: try folder ?? TemporaryFolder(), settings: ["--port", "\(port)", "--rate-limit", "0"] + settings,
            surroundings: surroundings)
        do {
            try await server.start()
            let value = try await body(server)
            try await server.kill()
            return value
        } catch {
            try? await server.kill()
            throw error
        }
    }

    /// The flags that name its folders.
    var folders: [String] { ["--data-dir", dataFolder, "--cert-dir", certificateFolder] }

    /// Returns when it says that it is ready. Throws `EndedEarly`.
    func start() async throws {
        let logged = log.utf8.count
        let command = surroundings.launcher + [ServerBinary.path, "serve", "--host", "127.0.0.1"] + folders + settings
        let child = try await ChildProcess.start(
            command[0], Array(command.dropFirst()),
            environment: ServerBinary.environment.merging(surroundings.environment) { $1 }, folder: folder.url,
            output: folder.path + "/stdout",
            error: folder.path + "/log")
        state.withLock { $0.child = child }
        var url: String?
        try await eventually("Ready in the log", within: Self.readyWithin) {
            let isRunning = child.isRunning
            url = Self.readyURL(in: String(decoding: log.utf8.dropFirst(logged), as: UTF8.self))
            guard isRunning || url != nil else { throw EndedEarly(code: try await child.exitCode(), log: log) }
            return url != nil
        }
        state.withLock { $0.url = url ?? "" }
    }

    /// Sends it a signal; nothing happens when it has ended.
    func signal(_ number: Int32) { state.withLock { $0.child?.signal(number) } }

    /// Waits for it to end by itself: the exit code, or minus the signal.
    func exitCode(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await state.withLock { $0.child }?.exitCode(within: limit) ?? 0
    }

    /// As `kill -9` does.
    func kill() async throws {
        let child = state.withLock { $0.child }
        child?.signal(SIGKILL)
        _ = try await child?.exitCode()
    }

    /// As `systemctl stop` does: SIGTERM; the exit code and the time it took.
    func terminate() async throws -> (code: Int32, time: Duration) {
        guard let child = state.withLock({ $0.child }) else { return (0, .zero) }
        let start = ContinuousClock.now
        child.signal(SIGTERM)
        return (try await child.exitCode(), ContinuousClock.now - start)
    }

    /// Kills it and starts it again with the same data; on the same port if that was named.
    func restart() async throws {
        try await kill()
        try await start()
    }

    /// A free port that no client's own end of a connection takes while the server is down: below those of the system.
    static func freePort() throws -> Int {
        let range = try String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
        let first = range.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) } ?? 32_768
        for _ in 0..<1_000 {
            let port = Int.random(in: 10_000..<max(first, 10_001))
            if isFree(port) { return port }
        }
        throw NoFreePort()
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// From a line such as `2026-01-02T03:04:05Z NOTICE Ready url=https://127.0.0.1:5000`, or the same in JSON.
    private static func readyURL(in log: String) -> String? {
        let ready = log.split(separator: "\n", omittingEmptySubsequences: false).dropLast().last {
            $0.contains(" Ready url=") || $0.contains("\"message\":\"Ready\"")
        }
        guard let ready, let start = ready.range(of: "http") else { return nil }
        return String(ready[start.lowerBound...].prefix { $0 != " " && $0 != "\"" })
    }
}

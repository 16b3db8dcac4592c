import Foundation
import Glibc
import Synchronization

/// The built `messenger-server serve` with data, certificate and log in a folder of its own: TLS, no rate limit, loopback.
public final class ServerProcess: Sendable {
    public struct EndedEarly: Error {
        public let code: Int32
        public let log: String
    }

    private struct State {
        var child: ChildProcess?
        var url = ""
    }

    /// What the program finds itself in.
    public struct Surroundings: Sendable {
        let launcher: [String]
        let environment: [String: String]

        /// - Parameter launcher: a program, with its arguments, that makes room for the server and then becomes it.
        public init(launcher: [String] = [], environment: [String: String] = [:]) {
            self.launcher = launcher
            self.environment = environment
        }
    }

    private static let readyWithin = Duration.seconds(60)

    public let folder: TemporaryFolder
    private let settings: [String]
    private let surroundings: Surroundings
    private let state = Mutex(State())

    public var url: String { state.withLock { $0.url } }
    public var id: pid_t { state.withLock { $0.child?.id ?? 0 } }
    public var isRunning: Bool { state.withLock { $0.child?.isRunning ?? false } }
    public var dataFolder: String { folder.path + "/data" }
    public var certificateFolder: String { folder.path + "/cert" }
    /// Everything that all its runs have logged.
    public var log: String { (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? "" }

    private init(folder: TemporaryFolder, settings: [String], surroundings: Surroundings) {
        self.folder = folder
        self.settings = settings
        self.surroundings = surroundings
    }

    /// Runs a server around `body`; it is killed at the latest when `body` ends.
    /// - Parameters:
    ///   - port: 0 takes a free one. For restarts use one of `LoopbackPorts`: a free one of the system's choice may be gone then.
    ///   - settings: more flags.
    public static func run<Value: Sendable>(
        port: Int = 0, folder: TemporaryFolder? = nil, in surroundings: Surroundings = Surroundings(), _ settings: [String] = [],
        _ body: @Sendable (ServerProcess) async throws -> Value
    ) async throws -> Value {
        let server = ServerProcess(
            folder: try folder ?? TemporaryFolder(), settings: ["--port", "\(port)", "--rate-limit", "0"] + settings,
            surroundings: surroundings)
        do {
            try await server.start()
            let value = try await body(server)
            await server.kill()
            return value
        } catch {
            await server.kill()
            throw error
        }
    }

    /// The flags that name its folders.
    public var folders: [String] { ["--data-dir", dataFolder, "--cert-dir", certificateFolder] }

    /// Returns when it says that it is ready. Throws `EndedEarly`.
    public func start() async throws {
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
    public func signal(_ number: Int32) { state.withLock { $0.child?.signal(number) } }

    /// Waits for it to end by itself: the exit code, or minus the signal.
    public func exitCode(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await state.withLock { $0.child }?.exitCode(within: limit) ?? 0
    }

    /// As `kill -9` does.
    public func kill() async { await state.withLock { $0.child }?.kill() }

    /// As `systemctl stop` does: SIGTERM; the exit code and the time it took.
    public func terminate() async throws -> (code: Int32, time: Duration) {
        guard let child = state.withLock({ $0.child }) else { return (0, .zero) }
        let start = ContinuousClock.now
        child.signal(SIGTERM)
        return (try await child.exitCode(), ContinuousClock.now - start)
    }

    /// Kills it and starts it again with the same data; on the same port if that was named.
    public func restart() async throws {
        await kill()
        try await start()
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

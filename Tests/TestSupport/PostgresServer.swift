import ClusterBackend
import Foundation
import Glibc
import Logging
import Synchronization

/// A PostgreSQL of the tests' own, on a loopback port, with fsync on. It does not run as root: then it runs as `postgres`.
public final class PostgresServer: Sendable {
    struct Failed: Error {
        let what: String
    }

    /// A user who has to give a password; everybody else may come in without.
    public static let secured = (name: "secured", password: "open sesame")
    private static let template = "template_messenger"
    /// One server for all tests that only need a database of their own.
    private static let common = Mutex<Task<PostgresServer, any Error>?>(nil)

    public let port: Int
    private let folder: TemporaryFolder
    private let programs: String
    private let process = Mutex<ChildProcess?>(nil)
    private let lastDatabase = Mutex(0)

    /// Runs `body` on an empty database of its own, its schema up to date, on a server that other tests use too.
    public static func withDatabase<Value>(_ body: (PostgresAddress) async throws -> Value) async throws -> Value {
        let server = try await shared()
        return try await body(try await server.makeDatabase())
    }

    private static func shared() async throws -> PostgresServer {
        try await common.withLock { common in
            let task = common ?? Task { try await started() }
            common = task
            return task
        }.value
    }

    /// Runs a server that a test may stop around `body`.
    public static func run<Value>(
        settings: [String] = [], _ body: (PostgresServer) async throws -> Value
    ) async throws -> Value {
        let server = try await started(settings)
        do {
            let value = try await body(server)
            await server.kill()
            return value
        } catch {
            await server.kill()
            throw error
        }
    }

    private static func started(_ settings: [String] = []) async throws -> PostgresServer {
        let server = try PostgresServer()
        try await server.initialise(settings)
        try await server.start()
        try await server.makeTemplate()
        return server
    }

    private init() throws {
        folder = try TemporaryFolder()
        port = try LoopbackPorts.free()
        let versions = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").compactMap { Int($0) }
        guard let version = versions.max() else { throw Failed(what: "PostgreSQL is not installed") }
        programs = "/usr/lib/postgresql/\(version)/bin"
    }

    public func address(_ database: String = "postgres", user: String = "postgres", options: String = "") throws
        -> PostgresAddress
    {
        try PostgresAddress("postgres://\(user)@127.0.0.1:\(port)/\(database)\(options)")
    }

    /// A new database with the current schema.
    public func makeDatabase() async throws -> PostgresAddress {
        let name = "test_\(lastDatabase.withLock { $0 += 1; return $0 })"
        try await sql("CREATE DATABASE \(name) TEMPLATE \(Self.template)")
        return try address(name)
    }

    public func makeEmptyDatabase(_ name: String) async throws -> PostgresAddress {
        try await sql("CREATE DATABASE \(name)")
        return try address(name)
    }

    /// Runs a statement as the superuser with psql; what it prints, without headings.
    @discardableResult
    public func sql(_ statement: String, in database: String = "postgres") async throws -> String {
        try await Self.output(
            of: "\(programs)/psql", ["-h", "127.0.0.1", "-p", "\(port)", "-U", "postgres", "-qAtX", "-c", statement, database])
    }

    /// As `kill -9` does to the whole server: its processes follow their postmaster.
    public func kill() async { await process.withLock { $0 }?.kill() }

    public func start() async throws {
        try await launch()
        try await eventually("PostgreSQL answers", within: .seconds(30)) {
            guard process.withLock({ $0 })?.isRunning == true else {
                // Processes of one that was killed are still ending: then it refuses to start.
                guard log.suffix(400).contains("is still in use") else { throw Failed(what: log) }
                try await launch()
                return false
            }
            return (try? await sql("SELECT 1")) != nil
        }
    }

    private func launch() async throws {
        let process = try await ChildProcess.start(
            "/usr/bin/setpriv",
            owner + ["--pdeathsig", "KILL", "\(programs)/postgres", "-D", data.path, "-p", "\(port)", "-k", data.path],
            environment: ["LC_ALL": "C"], folder: folder.url, output: logFile, error: logFile)
        self.process.withLock { $0 = process }
    }

    public func restart() async throws {
        process.withLock { $0 }?.signal(SIGINT)
        try await eventually("PostgreSQL ends", within: .seconds(30)) { process.withLock { $0 }?.isRunning == false }
        try await start()
    }

    public var log: String { (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "" }

    private var logFile: String { folder.path + "/log" }
    private var data: URL { folder.url.appending(path: "postgres") }
    private var owner: [String] { getuid() == 0 ? ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"] : [] }

    private func initialise(_ settings: [String]) async throws {
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: false)
        if getuid() == 0 { try await Self.output(of: "/usr/bin/chown", ["postgres:postgres", folder.path, data.path]) }
        try await Self.output(
            of: "/usr/bin/setpriv",
            owner + [
                "\(programs)/initdb", "-D", data.path, "-U", "postgres", "--auth", "trust", "--no-locale", "-E", "UTF8",
                "--no-sync",
            ])
        let access = """
            host all \(Self.secured.name) 127.0.0.1/32 scram-sha-256
            host all all 127.0.0.1/32 trust

            """
        try write(access, to: "pg_hba.conf")
        let lines = ["listen_addresses = '127.0.0.1'", "max_connections = 400", "log_min_messages = warning"] + settings
        try write(lines.joined(separator: "\n") + "\n", to: "postgresql.auto.conf")
    }

    /// In place, so that its owner stays.
    private func write(_ text: String, to name: String) throws {
        let file = try FileHandle(forWritingTo: data.appending(path: name))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private func makeTemplate() async throws {
        try await sql("CREATE ROLE \(Self.secured.name) LOGIN PASSWORD '\(Self.secured.password)'")
        try await sql("CREATE DATABASE \(Self.template)")
        _ = try await PostgresBackend.migrate(
            address(Self.template), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @discardableResult
    private static func output(of program: String, _ arguments: [String]) async throws -> String {
        let output = try await ChildProcess.run(program, arguments)
        guard output.code == 0 else { throw Failed(what: "\(program): \(output.error)") }
        return output.standard.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

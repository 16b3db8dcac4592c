import Foundation
import Logging
import MessengerAPI
import MessengerCore
import MessengerHTTP
import SQLiteBackend
import ServiceLifecycle
import Synchronization

/// A whole server in the test's process, wired as `serve` wires it, on a free loopback port and SQLite in a folder of
/// its own.
public struct TestServer: Sendable {
    public let port: Int
    public let scheme: String
    public let backend: SQLiteBackend
    public let folder: TemporaryFolder
    public var url: String { "\(scheme)://127.0.0.1:\(port)" }

    /// What a test changes; the defaults are quick: no TLS, cheap password hashes, no rate limit.
    public struct Options: Sendable {
        public var settings = ServerSettings()
        public var substitutes = ServerSubstitutes()
        public var limits = InboxLimits()
        public var tls = false
        /// Stands between the server and SQLite.
        public var stores: @Sendable (Stores) -> Stores = { $0 }
        public var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        /// Goes on with the data of an earlier server.
        public var folder: TemporaryFolder?

        public init() {
            settings.host = "127.0.0.1"
            settings.port = 0
            settings.rateLimit.perSecond = 0
            settings.minimumFreeDisk = 0
            substitutes.passwordCost = .trivial
        }
    }

    /// Runs a server around `body` and stops it as SIGTERM does.
    public static func run<Value: Sendable>(
        _ change: (inout Options) -> Void = { _ in }, _ body: @Sendable (TestServer) async throws -> Value
    ) async throws -> Value {
        var options = Options()
        change(&options)
        let folder = try options.folder ?? TemporaryFolder()
        options.settings.dataFolder = folder.path
        options.settings.certificateFolder = options.tls ? folder.path + "/cert" : nil
        let backend = try SQLiteBackend(folder: folder.url, limits: options.limits)
        let stores = options.stores(
            Stores(
                accounts: backend, inboxes: backend, callbacks: backend, signal: LocalSignal(),
                presence: LocalPresence(accounts: backend), keys: backend, blobs: backend,
                log: try await backend.openLog(now: options.substitutes.time.now()),
                phoneKey: try await backend.secret(named: "phone", bytes: 32)))
        let ports = AsyncStream.makeStream(of: Int.self)
        let server = try MessengerServer(
            settings: options.settings, stores: stores, substitutes: options.substitutes, logger: options.logger
        ) { ports.continuation.yield($0) }
        let group = ServiceGroup(services: [server], logger: options.logger)
        let scheme = options.tls ? "https" : "http"
        do {
            let value = try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    defer { ports.continuation.finish() }
                    try await group.run()
                }
                guard let port = await ports.stream.first(where: { _ in true }) else {
                    try await tasks.waitForAll()
                    throw NeverHappened(description: "the server ended before it was ready")
                }
                let result: Result<Value, any Error>
                do {
                    result = .success(
                        try await body(TestServer(port: port, scheme: scheme, backend: backend, folder: folder)))
                } catch {
                    result = .failure(error)
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return try result.get()
            }
            try backend.close()
            return value
        } catch {
            try? backend.close()
            throw error
        }
    }
}

import ArgumentParser
import Dispatch
import Foundation
import Glibc
import Logging
import MessengerCore
import MessengerHTTP
import SQLiteBackend
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run everything in one process: listener, sender, SQLite, in-process broker.",
        discussion: """
            Needs no other service and no configuration. Settings come from flags, then from the environment (MESSENGER_ and \
            the flag in capitals, such as MESSENGER_DATA_DIR), then from a JSON file (--config), then from the defaults.

            Example:
              messenger-server serve --port 5000 --data-dir /var/lib/messenger --cert-dir /etc/messenger
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try await Settings.load(flags: options.given, file: options.config)
        let logger = Logger(label: "messenger") { _ in LogLineHandler(level: settings.logLevel, format: settings.logFormat) }
        raiseFileLimit()
        let folder = URL(filePath: settings.server.dataFolder)
        let lock = try DataFolderLock(folder: folder)
        let backend = try SQLiteBackend(folder: folder)
        let server = try MessengerServer(
            settings: limited(settings.server), stores: try await Stores(backend), logger: logger
        ) { port in
            logger.notice("Ready", metadata: ["url": "\(url(settings.server, port: port))"])
        }
        do {
            try await runUntilSignal(server, logger: logger)
        } catch {
            try backend.close()
            throw describing(error, settings.server)
        }
        try backend.close()
        logger.notice("Stopped")
        withExtendedLifetime(lock) {}
    }

    private func runUntilSignal(_ server: MessengerServer, logger: Logger) async throws {
        try await ServiceGroup(
            services: [DeadlineService(base: server, logger: logger)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger.quieter
        ).run()
    }

    private func url(_ settings: ServerSettings, port: Int) -> String {
        let host = settings.host == "0.0.0.0" || settings.host == "::" ? "localhost" : settings.host
        return "\(settings.certificateFolder == nil ? "http" : "https")://\(host):\(port)"
    }

    private func describing(_ error: any Error, _ settings: ServerSettings) -> any Error {
        let text = "\(error)"
        guard text.contains("bind") || text.contains("Address already in use") else { return error }
        return Settings.Invalid(
            description:
                "cannot listen on \(settings.host):\(settings.port) (\(text)); stop what uses the port, or choose another --port")
    }
}

extension Stores {
    init(_ backend: SQLiteBackend) async throws {
        self.init(
            accounts: backend, inboxes: backend, callbacks: backend, signal: LocalSignal(),
            phoneKey: try await backend.secret(named: "phone", bytes: 32))
    }
}

/// Ends the process when its graceful end takes too long. Nothing is lost by it: what was accepted is on disk.
private struct DeadlineService<Base: Service>: Service {
    /// Below the 10 s that operators are promised.
    private let limit = DispatchTimeInterval.seconds(9)

    let base: Base
    let logger: Logger

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await base.run()
        } onGracefulShutdown: {
            DispatchQueue.global().asyncAfter(deadline: .now() + limit) {
                logger.warning("Not everything ended in time; the process ends now")
                _exit(0)
            }
        }
    }
}

/// Lifts this process's limit of open files to what the system allows it.
private func raiseFileLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// Leaves files for the database, the log and callbacks; half of them where there are few.
private func limited(_ settings: ServerSettings) -> ServerSettings {
    var settings = settings
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return settings }
    let files = Int(clamping: limit.rlim_cur)
    settings.maximumConnections = min(settings.maximumConnections, files - min(1_200, files / 2))
    return settings
}

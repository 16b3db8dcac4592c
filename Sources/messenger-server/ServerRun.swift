import ClusterBackend
import Dispatch
import Foundation
import Glibc
import Logging
import MessengerHTTP
import ServiceLifecycle

/// What every role does around its server: its log, its files, its end.
struct ServerRun: Sendable {
    let settings: Settings
    let logger: Logger

    init(_ settings: Settings) {
        self.settings = settings
        logger = Logger(label: "messenger") { _ in LogLineHandler(level: settings.logLevel, format: settings.logFormat) }
        raiseFileLimit()
    }

    /// The settings within this machine's limits.
    var serverSettings: ServerSettings { limited(settings.server) }

    func isReady(on port: Int) {
        logger.notice("Ready", metadata: ["url": "\(url(port: port))"])
    }

    /// Returns when SIGTERM or SIGINT has ended it, within 10 s.
    func untilSignal(_ server: MessengerServer) async throws {
        do {
            try await ServiceGroup(
                services: [DeadlineService(base: server, logger: logger)], gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger.quieter
            ).run()
        } catch {
            throw describing(error)
        }
        logger.notice("Stopped")
    }

    private func url(port: Int) -> String {
        let host = ["0.0.0.0", "::"].contains(settings.server.host) ? "localhost" : settings.server.host
        return "\(settings.server.certificateFolder == nil ? "http" : "https")://\(host):\(port)"
    }

    private func describing(_ error: any Error) -> any Error {
        let text = "\(error)"
        guard text.contains("bind") || text.contains("Address already in use") else { return error }
        let (host, port) = (settings.server.host, settings.server.port)
        return Settings.Invalid(
            description: "cannot listen on \(host):\(port) (\(text)); stop what uses the port, or choose another --port")
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

import Logging
import ServiceLifecycle

/// The one place where a server is put together, for `main` and for the tests.
public struct MessengerServer: Service {
    /// In the order of their start; they stop in reverse.
    private let services: [any Service]
    private let logger: Logger

    /// - Parameter onReady: called with the port once requests are answered; a sender has none, and says 0.
    public init(
        settings: ServerSettings, stores: Stores, role: ServerRole = .all, substitutes: ServerSubstitutes = ServerSubstitutes(),
        logger: Logger, onReady: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        let parts = try ServerParts(settings: settings, stores: stores, role: role, substitutes: substitutes, logger: logger)
        parts.subscribe()
        self.logger = logger
        services =
            switch role {
            case .all:
                [
                    parts.failure, parts.freeDisk, parts.housekeeper, parts.checkpoints, try parts.dispatcher(), parts.keeper,
                    try parts.httpService(onReady: onReady),
                ]
            case .listener:
                stores.services + [
                    parts.failure, parts.housekeeper, parts.checkpoints, parts.signForwarder, parts.keeper,
                    try parts.httpService(onReady: onReady),
                ]
            case .sender:
                stores.services + [
                    parts.failure, parts.housekeeper, try parts.dispatcher(), ReadyService { await onReady(0) },
                ]
            }
    }

    public func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            }, logger: logger.quieter)
        configuration.maximumGracefulShutdownDuration = .seconds(7)
        try await ServiceGroup(configuration: configuration).run()
    }
}

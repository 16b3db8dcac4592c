import ArgumentParser
import ClusterBackend
import MessengerCore
import MessengerHTTP

/// What the roles of a scaled-out installation have in common.
protocol ClusterCommand: AsyncParsableCommand {
    static var role: (cluster: Cluster.Role, server: ServerRole) { get }
    var options: SettingsOptions { get }
}

extension ClusterCommand {
    func run() async throws {
        let run = ServerRun(try await Settings.load(flags: options.given, file: options.config))
        let (database, broker) = try run.settings.cluster(for: Self.configuration.commandName ?? "")
        if Self.role.server == .listener, run.settings.isBehindUnknownProxy {
            run.logger.warning(
                "--no-tls without --trusted-proxies: behind a proxy all clients would share one rate limit, and none could have callbacks; name the proxy's address"
            )
        }
        let cluster = try await Cluster.open(Self.role.cluster, database: database, logger: run.logger) { onHints in
            RabbitMQBroker(
                address: broker, hearsSenders: Self.role.cluster == .sender, logger: run.logger, onHints: onHints)
        }
        defer { cluster.backend.close() }
        var substitutes = ServerSubstitutes()
        substitutes.time = cluster.registration.timeSource
        let server = try MessengerServer(
            settings: run.serverSettings, stores: try await Stores(cluster), role: Self.role.server, substitutes: substitutes,
            logger: run.logger
        ) { port in
            if Self.role.server == .listener { run.isReady(on: port) } else { run.logger.notice("Ready") }
        }
        try await run.untilSignal(server)
    }
}

struct ListenerCommand: ClusterCommand {
    static let role = (cluster: Cluster.Role.listener, server: ServerRole.listener)

    static let configuration = CommandConfiguration(
        commandName: "listener",
        abstract: "Answer the API and hold the live streams of a scaled-out installation.",
        discussion: """
            Needs --database and --broker; any number of listeners share them. Names with passwords belong into the environment \
            (MESSENGER_DATABASE) or a settings file, not on the command line, where others see them.

            Example:
              messenger-server listener --port 5001 --no-tls --trusted-proxies 10.0.0.2 \\
                --database postgres://messenger@db/messenger --broker amqp://messenger@mq/messenger
            """)

    @OptionGroup var options: SettingsOptions
}

struct SenderCommand: ClusterCommand {
    static let role = (cluster: Cluster.Role.sender, server: ServerRole.sender)

    static let configuration = CommandConfiguration(
        commandName: "sender",
        abstract: "Push the callbacks of a scaled-out installation.",
        discussion: """
            Needs --database and --broker; any number of senders share the work, and take over from one that dies within 10 s.

            Example:
              messenger-server sender --database postgres://messenger@db/messenger --broker amqp://messenger@mq/messenger
            """)

    @OptionGroup var options: SettingsOptions
}

import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import MessengerCore
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// What a process does of the whole.
public enum ServerRole: Sendable {
    /// Everything, alone.
    case all
    /// Answers the API and holds the live streams.
    case listener
    /// Pushes callbacks.
    case sender
}

/// What a test changes in a server.
public struct ServerSubstitutes: Sendable {
    public var time = TimeSource.system
    public var passwordCost = PasswordHasher.Cost.standard
    /// False switches the polls off, so that a lost signal shows.
    public var polls = true
    public var callbackTrustRoots = NIOSSLTrustRoots.default
    public var freeDisk: @Sendable (String) -> Int? = FreeDisk.bytes
    public var connectionTimes = ConnectionTimes()
    public init() {}
}

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
        let time = substitutes.time
        let port = BoundPort(settings.port)
        let streams = LiveStreams()
        let mailbox = CallbackMailbox()
        let failure = FailureLatch()
        let freeDisk = FreeDisk(
            folder: settings.dataFolder, minimum: settings.minimumFreeDisk, time: time, measure: substitutes.freeDisk,
            logger: logger)
        let inbox = Inbox(
            store: stores.inboxes, signal: stores.signal, time: time, hasFreeDisk: { role != .all || freeDisk.isEnough },
            onUnknownOutcome: { error in
                logger.critical("A commit got no answer; what is stored is not known", metadata: ["error": "\(error)"])
                if role == .all { failure.fail(error) }
            })
        let callbackGuard = CallbackGuard(
            allowed: settings.callbackAllow, allowsLocalLoopback: role == .all, ownPorts: { [port.value] },
            ownAddresses: try Self.ownAddresses())
        let accounts = Accounts(
            store: stores.accounts, hasher: PasswordHasher(cost: substitutes.passwordCost),
            sessions: SessionCache(isTrusted: stores.trustsSessionCache), streams: streams, callbacks: mailbox,
            callbackGuard: callbackGuard, phoneKey: stores.phoneKey, registration: settings.registration,
            limitsLogins: settings.rateLimit.perSecond > 0, time: time)
        let keeper = StreamKeeper(
            streams: streams, inboxes: stores.inboxes, accounts: stores.accounts, presence: stores.presence, time: time,
            polls: substitutes.polls, logger: logger)
        let keys = KeyDirectory(store: stores.keys, identity: stores.log, time: time, onLoggedOut: accounts.ended)
        let group = MultiThreadedEventLoopGroup.singleton
        stores.signal.subscribe { news in
            switch news {
            case .stored(let messages):
                streams.offer(messages)
                if role == .all { mailbox.news(messages.map(\.receiver)) }
            case .hints(let hints):
                streams.ring(Array(hints.news))
                if !hints.moved.isEmpty { keeper.moved(hints.moved) }
                if role == .sender {
                    mailbox.news(hints.news)
                    mailbox.tryNow(hints.tryNow)
                }
            case .sessionsEnded(let ended): accounts.ended(ended)
            case .lostTouch: accounts.lostTouch()
            case .callbacksFree: mailbox.look()
            }
        }

        let dispatcher = CallbackDispatcher(
            inbox: inbox, store: stores.callbacks,
            pusher: try HTTPCallbackPusher(
                callbackGuard: callbackGuard, group: group, trustRoots: substitutes.callbackTrustRoots),
            mayPush: { !streams.isAttached($0) && stores.mayPush($0) }, mailbox: mailbox, time: time,
            polls: substitutes.polls, logger: logger)
        let housekeeper = Housekeeper(
            store: stores.inboxes, messageTTL: settings.messageTTL, time: time, logger: logger, onAbandoned: accounts.ended)
        func http() throws -> any Service {
            HTTPService(
                application: try Self.application(
                    settings, inbox: inbox, accounts: accounts, keys: keys, stores: stores, streams: streams, mailbox: mailbox,
                    time: time, times: substitutes.connectionTimes, group: group, logger: logger
                ) { channel in
                    port.value = channel.localAddress?.port ?? settings.port
                    await onReady(port.value)
                }, streams: streams)
        }
        let checkpoints = CheckpointKeeper(store: stores.keys, time: time, logger: logger)
        self.logger = logger
        services =
            switch role {
            case .all: [failure, freeDisk, housekeeper, checkpoints, dispatcher, keeper, try http()]
            case .listener:
                stores.services + [
                    failure, housekeeper, checkpoints,
                    SignForwarder(mailbox: mailbox, presence: stores.presence, logger: logger), keeper, try http(),
                ]
            case .sender: stores.services + [failure, housekeeper, dispatcher, ReadyService { await onReady(0) }]
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

    static func routeTable(
        _ settings: ServerSettings, inbox: Inbox, accounts: Accounts, keys: KeyDirectory, stores: Stores, streams: LiveStreams,
        mailbox: CallbackMailbox, limits: RequestLimits
    ) -> RouteTable {
        let authenticator = Authenticator(accounts: accounts)
        let stream = StreamResponder(
            inbox: inbox, store: stores.callbacks, streams: streams, presence: stores.presence,
            knowsEndedSessions: stores.trustsSessionCache, callbacks: mailbox)
        return RouteTable(
            ServiceRoutes(readiness: stores.readiness).routes
                + AccountRoutes(
                    accounts: accounts, authenticator: authenticator, limits: limits, openDelete: settings.openDelete
                ).routes
                + MessageRoutes(inbox: inbox, authenticator: authenticator, stream: stream, callbacks: mailbox).routes
                + KeyRoutes(keys: keys, authenticator: authenticator).routes
                + LogRoutes(files: KeyLogFiles(store: stores.keys, identity: stores.log), authenticator: authenticator).routes,
            exempt: Set(ServiceRoutes.healthPaths + ServiceRoutes.readinessPaths))
    }

    private static func application(
        _ settings: ServerSettings, inbox: Inbox, accounts: Accounts, keys: KeyDirectory, stores: Stores, streams: LiveStreams,
        mailbox: CallbackMailbox, time: TimeSource, times: ConnectionTimes, group: any EventLoopGroup, logger: Logger,
        onReady: @escaping @Sendable (any Channel) async -> Void
    ) throws -> some ApplicationProtocol {
        let limits = RequestLimits(settings.rateLimit, uptime: time.uptime)
        let table = routeTable(
            settings, inbox: inbox, accounts: accounts, keys: keys, stores: stores, streams: streams, mailbox: mailbox,
            limits: limits)
        let journal = RequestJournal(time: time, logger: logger)
        let entry = EntryMiddleware(trustedProxies: settings.trustedProxies, limits: limits, routes: table, journal: journal)
        let sends = SendRoute(
            accounts: accounts, inbox: inbox, limits: limits, trustedProxies: settings.trustedProxies, journal: journal)
        var times = times
        if settings.certificateFolder == nil, !settings.trustedProxies.isEmpty {
            times.farewell = ConnectionTimes.farewellToProxy
        }
        let server = try HTTPServerBuilder.messenger(
            certificateFolder: settings.certificateFolder,
            front: FrontSettings(times: times, allowedMethods: { table.allowedMethods($0) }, sends: sends),
            connections: ConnectionCount(limit: settings.maximumConnections, uptime: time.uptime), logger: logger)
        return Application(
            router: table.router(middleware: entry), server: server,
            configuration: .init(address: .hostname(settings.host, port: settings.port), serverName: nil, backlog: 4_096),
            onServerRunning: onReady, eventLoopGroupProvider: .shared(group), logger: logger.quieter)
    }

    private static func ownAddresses() throws -> Set<IPAddress> {
        Set(try System.enumerateDevices().compactMap { $0.address?.ipAddress }.compactMap { IPAddress($0) })
    }
}

extension Logger {
    /// For libraries whose own lines say what ours say already.
    public var quieter: Logger {
        var quieter = self
        quieter.logLevel = max(logLevel, .warning)
        return quieter
    }
}

/// Ends the live streams as soon as the server is asked to stop: it waits for its connections, and they would wait for it.
private struct HTTPService<Application: ApplicationProtocol>: Service {
    let application: Application
    let streams: LiveStreams

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            streams.close()
        }
    }
}

/// Says once that everything before it has been started.
private struct ReadyService: Service {
    let onReady: @Sendable () async -> Void

    func run() async throws {
        await onReady()
        try await gracefulShutdown()
    }
}

import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import MessengerCore
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// The parts that a backend brings.
public struct Stores: Sendable {
    public let accounts: any AccountStore
    public let inboxes: any InboxStore
    public let callbacks: any CallbackStore
    public let signal: any InboxSignal
    /// The key that phone numbers are kept under.
    public let phoneKey: [UInt8]

    public init(
        accounts: any AccountStore, inboxes: any InboxStore, callbacks: any CallbackStore, signal: any InboxSignal,
        phoneKey: [UInt8]
    ) {
        self.accounts = accounts
        self.inboxes = inboxes
        self.callbacks = callbacks
        self.signal = signal
        self.phoneKey = phoneKey
    }
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
    private let http: any Service
    private let failure: FailureLatch
    private let logger: Logger

    /// - Parameter onReady: called with the port once requests are answered.
    public init(
        settings: ServerSettings, stores: Stores, substitutes: ServerSubstitutes = ServerSubstitutes(), logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        let time = substitutes.time
        let port = BoundPort(settings.port)
        let streams = LiveStreams()
        let mailbox = CallbackMailbox()
        stores.signal.subscribe { news in
            switch news {
            case .stored(let messages):
                streams.offer(messages)
                mailbox.news(messages.map(\.receiver))
            case .hint(let users):
                streams.ring(users)
                mailbox.news(users)
            }
        }
        let failure = FailureLatch()
        let freeDisk = FreeDisk(
            folder: settings.dataFolder, minimum: settings.minimumFreeDisk, time: time, measure: substitutes.freeDisk,
            logger: logger)
        let inbox = Inbox(
            store: stores.inboxes, signal: stores.signal, time: time, hasFreeDisk: { freeDisk.isEnough },
            onUnknownOutcome: { error in
                logger.critical(
                    "A commit got no answer; the server stops, since it cannot know what is stored",
                    metadata: ["error": "\(error)"])
                failure.fail(error)
            })
        let callbackGuard = CallbackGuard(
            allowed: settings.callbackAllow, allowsLocalLoopback: true, ownPorts: { [port.value] },
            ownAddresses: try Self.ownAddresses())
        let accounts = Accounts(
            store: stores.accounts, hasher: PasswordHasher(cost: substitutes.passwordCost), sessions: SessionCache(),
            streams: streams, callbacks: mailbox, callbackGuard: callbackGuard, phoneKey: stores.phoneKey,
            registration: settings.registration, limitsLogins: settings.rateLimit.perSecond > 0, time: time)
        let group = MultiThreadedEventLoopGroup.singleton

        self.logger = logger
        self.failure = failure
        services = [
            failure, freeDisk,
            Housekeeper(
                store: stores.inboxes, messageTTL: settings.messageTTL, time: time, logger: logger, onAbandoned: accounts.ended),
            CallbackDispatcher(
                inbox: inbox, store: stores.callbacks,
                pusher: try HTTPCallbackPusher(
                    callbackGuard: callbackGuard, group: group, trustRoots: substitutes.callbackTrustRoots),
                streams: streams, mailbox: mailbox, time: time, polls: substitutes.polls, logger: logger),
            StreamKeeper(
                streams: streams, inboxes: stores.inboxes, accounts: stores.accounts, time: time, polls: substitutes.polls,
                logger: logger),
        ]
        http = HTTPService(
            application: try Self.application(
                settings, inbox: inbox, accounts: accounts, stores: stores, streams: streams, mailbox: mailbox, time: time,
                times: substitutes.connectionTimes, group: group, logger: logger
            ) { channel in
                port.value = channel.localAddress?.port ?? settings.port
                await onReady(port.value)
            }, streams: streams)
    }

    public func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: (services + [http]).map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            }, logger: logger.quieter)
        configuration.maximumGracefulShutdownDuration = .seconds(7)
        try await ServiceGroup(configuration: configuration).run()
    }

    static func routeTable(
        _ settings: ServerSettings, inbox: Inbox, accounts: Accounts, callbacks: any CallbackStore, streams: LiveStreams,
        mailbox: CallbackMailbox, limits: RequestLimits
    ) -> RouteTable {
        let authenticator = Authenticator(accounts: accounts)
        let stream = StreamResponder(
            inbox: inbox, accounts: accounts, store: callbacks, streams: streams, callbacks: mailbox)
        return RouteTable(
            ServiceRoutes().routes
                + AccountRoutes(
                    accounts: accounts, authenticator: authenticator, limits: limits, openDelete: settings.openDelete
                ).routes
                + MessageRoutes(inbox: inbox, authenticator: authenticator, stream: stream, callbacks: mailbox).routes,
            exempt: Set(ServiceRoutes.healthPaths))
    }

    private static func application(
        _ settings: ServerSettings, inbox: Inbox, accounts: Accounts, stores: Stores, streams: LiveStreams,
        mailbox: CallbackMailbox, time: TimeSource, times: ConnectionTimes, group: any EventLoopGroup, logger: Logger,
        onReady: @escaping @Sendable (any Channel) async -> Void
    ) throws -> some ApplicationProtocol {
        let limits = RequestLimits(settings.rateLimit, uptime: time.uptime)
        let table = routeTable(
            settings, inbox: inbox, accounts: accounts, callbacks: stores.callbacks, streams: streams, mailbox: mailbox,
            limits: limits)
        let journal = RequestJournal(time: time, logger: logger)
        let entry = EntryMiddleware(trustedProxies: settings.trustedProxies, limits: limits, routes: table, journal: journal)
        let sends = SendRoute(
            accounts: accounts, inbox: inbox, limits: limits, trustedProxies: settings.trustedProxies, journal: journal)
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

import Hummingbird
import HummingbirdCore
import MessengerCore
import NIOCore
import ServiceLifecycle

/// How requests come in.
extension ServerParts {
    /// - Parameter onReady: called with the port once requests are answered.
    func httpService(onReady: @escaping @Sendable (Int) async -> Void) throws -> any Service {
        let (port, settings) = (port, settings)
        let application = try application { channel in
            port.value = channel.localAddress?.port ?? settings.port
            await onReady(port.value)
        }
        return HTTPService(application: application, streams: streams)
    }

    func routeTable(_ limits: RequestLimits) -> RouteTable {
        return RouteTable(
            ServiceRoutes(readiness: stores.readiness).routes
                + AccountRoutes(
                    accounts: accounts, authenticator: authenticator, limits: limits, openDelete: settings.openDelete
                ).routes
                + MessageRoutes(inbox: inbox, authenticator: authenticator, stream: streamResponder, callbacks: mailbox).routes
                + BlobRoutes(blobs: blobs, authenticator: authenticator).routes
                + KeyRoutes(keys: keys, authenticator: authenticator).routes
                + LogRoutes(files: KeyLogFiles(store: stores.keys), authenticator: authenticator).routes,
            exempt: Set(ServiceRoutes.healthPaths + ServiceRoutes.readinessPaths))
    }

    private var authenticator: Authenticator { Authenticator(accounts: accounts) }

    private var streamResponder: StreamResponder {
        StreamResponder(
            inbox: inbox, store: stores.callbacks, streams: streams, presence: stores.presence,
            knowsEndedSessions: stores.trustsSessionCache, callbacks: mailbox, outages: outages)
    }

    private func application(
        onReady: @escaping @Sendable (any Channel) async -> Void
    ) throws -> some ApplicationProtocol {
        let limits = RequestLimits(settings.rateLimit, uptime: time.uptime)
        let table = routeTable(limits)
        let journal = RequestJournal(time: time, outages: outages, logger: logger)
        let entry = EntryMiddleware(trustedProxies: settings.trustedProxies, limits: limits, routes: table, journal: journal)
        let sends = SendRoute(
            accounts: accounts, inbox: inbox, limits: limits, trustedProxies: settings.trustedProxies, journal: journal)
        let streamRoute = StreamRoute(
            authenticator: authenticator, responder: streamResponder, limits: limits, trustedProxies: settings.trustedProxies,
            journal: journal)
        let server = try HTTPServerBuilder.messenger(
            certificateFolder: settings.certificateFolder,
            front: FrontSettings(
                times: connectionTimes, allowedMethods: { table.allowedMethods($0) }, sends: sends, streams: streamRoute),
            connections: ConnectionCount(limit: settings.maximumConnections, uptime: time.uptime), logger: logger)
        return Application(
            router: table.router(middleware: entry), server: server,
            configuration: .init(address: .hostname(settings.host, port: settings.port), serverName: nil, backlog: 4_096),
            onServerRunning: onReady, eventLoopGroupProvider: .shared(group), logger: logger.quieter)
    }

    private var connectionTimes: ConnectionTimes {
        var times = substitutes.connectionTimes
        if settings.certificateFolder == nil, !settings.trustedProxies.isEmpty {
            times.farewell = ConnectionTimes.farewellToProxy
        }
        return times
    }
}

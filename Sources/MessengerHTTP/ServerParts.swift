import Logging
import MessengerCore
import NIOCore
import NIOPosix

/// What a server is made of, each part once, and which knows which. Nothing of it runs yet.
struct ServerParts {
    let settings: ServerSettings
    let stores: Stores
    let role: ServerRole
    let substitutes: ServerSubstitutes
    let logger: Logger
    let group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton

    /// The port that the server really listens on.
    let port: BoundPort
    let failure = FailureLatch()
    let outages: StoreOutages
    let freeDisk: FreeDisk
    let streams = LiveStreams()
    let mailbox = CallbackMailbox()
    let callbackGuard: CallbackGuard
    let inbox: Inbox
    let accounts: Accounts
    let keys: KeyDirectory
    let blobs: Blobs
    let keeper: StreamKeeper

    var time: TimeSource { substitutes.time }

    init(settings: ServerSettings, stores: Stores, role: ServerRole, substitutes: ServerSubstitutes, logger: Logger) throws {
        self.settings = settings
        self.stores = stores
        self.role = role
        self.substitutes = substitutes
        self.logger = logger
        let (time, port) = (substitutes.time, BoundPort(settings.port))
        self.port = port
        outages = stores.outages ?? StoreOutages(uptime: time.uptime, logger: logger)
        freeDisk = FreeDisk(
            folder: settings.dataFolder, minimum: settings.minimumFreeDisk, time: time, measure: substitutes.freeDisk,
            logger: logger)
        // The disk is that of its own database.
        let hasFreeDisk = { @Sendable [freeDisk] in role != .all || freeDisk.isEnough }
        inbox = Self.inbox(stores, role, hasFreeDisk, failure, time, logger)
        blobs = Blobs(store: stores.blobs, limits: settings.blobs, hasFreeDisk: hasFreeDisk, time: time)
        callbackGuard = CallbackGuard(
            allowed: settings.callbackAllow, allowsLocalLoopback: role == .all, ownPorts: { [port.value] },
            ownAddresses: try Self.ownAddresses())
        accounts = Accounts(
            store: stores.accounts, hasher: PasswordHasher(cost: substitutes.passwordCost),
            sessions: SessionCache(isTrusted: stores.trustsSessionCache), streams: streams, callbacks: mailbox,
            callbackGuard: callbackGuard, hosts: SystemHostLookUp(loops: group, resolve: substitutes.resolveHost),
            phoneKey: stores.phoneKey, registration: settings.registration, limitsLogins: settings.rateLimit.perSecond > 0,
            time: time)
        keys = KeyDirectory(store: stores.keys, identity: stores.log, time: time, onLoggedOut: accounts.ended)
        keeper = StreamKeeper(
            streams: streams, inboxes: stores.inboxes, accounts: stores.accounts, presence: stores.presence, time: time,
            polls: substitutes.polls, outages: outages)
    }

    /// Alone, a process must know what is stored: it ends when it does not.
    private static func inbox(
        _ stores: Stores, _ role: ServerRole, _ hasFreeDisk: @escaping @Sendable () -> Bool, _ failure: FailureLatch,
        _ time: TimeSource, _ logger: Logger
    ) -> Inbox {
        Inbox(
            store: stores.inboxes, signal: stores.signal, time: time, hasFreeDisk: hasFreeDisk,
            onUnknownOutcome: { error in
                logger.critical("A commit got no answer; what is stored is not known", metadata: ["error": "\(error)"])
                if role == .all { failure.fail(error) }
            })
    }

    private static func ownAddresses() throws -> Set<IPAddress> {
        Set(try System.enumerateDevices().compactMap { $0.address?.ipAddress }.compactMap { IPAddress($0) })
    }

    var housekeeper: Housekeeper {
        Housekeeper(
            store: stores.inboxes, messageTTL: settings.messageTTL, time: time, outages: outages, logger: logger,
            onAbandoned: accounts.ended)
    }

    var checkpoints: CheckpointKeeper { CheckpointKeeper(store: stores.keys, time: time, outages: outages) }

    var signForwarder: SignForwarder { SignForwarder(mailbox: mailbox, presence: stores.presence, outages: outages) }

    func dispatcher() throws -> CallbackDispatcher {
        let (streams, stores) = (streams, stores)
        return CallbackDispatcher(
            inbox: inbox, store: stores.callbacks,
            pusher: try HTTPCallbackPusher(
                callbackGuard: callbackGuard, group: group, trustRoots: substitutes.callbackTrustRoots,
                lookUp: substitutes.resolveHost),
            mayPush: { !streams.isAttached($0) && stores.mayPush($0) }, mailbox: mailbox, time: time,
            polls: substitutes.polls, outages: outages, logger: logger)
    }

    /// From now on the parts hear what is new.
    func subscribe() {
        let (role, streams, mailbox, accounts, keeper) = (role, streams, mailbox, accounts, keeper)
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
    }
}

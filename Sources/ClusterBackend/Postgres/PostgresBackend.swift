import Logging
import MessengerAPI
import MessengerCore
import Synchronization

/// Accounts, inboxes and callbacks in a PostgreSQL database that many processes share.
///
/// A commit is on disk when it returns: `synchronous_commit=on`, and a server with `fsync=off` is refused. Blocking calls
/// run on a thread per connection, never on Swift's cooperative threads.
public final class PostgresBackend: Sendable {
    public enum OpenError: Error, CustomStringConvertible {
        case unreachable(String)
        case needsMigration(found: Int64)
        case fromTheFuture(found: Int64)
        case copyIncomplete

        public var description: String {
            switch self {
            case .unreachable(let reason): "the database cannot be used: \(reason)"
            case .needsMigration(let found):
                "the database's schema is \(found == 0 ? "missing" : "too old (version \(found))"): run messenger-server migrate"
            case .fromTheFuture(let found):
                "the database's schema (version \(found)) is newer than this program: install the version that made it"
            case .copyIncomplete:
                "a data folder is being copied into the database: run the same messenger-server migrate again until it is complete"
            }
        }
    }

    /// Connections per process for all that has none of its own: however many come, they wait for each other alone.
    private static let connections = 8
    /// Appends and acknowledgements each use one at a time.
    private static let commitConnections = 2
    /// The registration is renewed while the list of ended sessions is read.
    private static let registrationConnections = 2

    let pool: PostgresPool
    let commitPool: PostgresPool
    /// For what keeps this process registered: it must not wait for a crowd.
    let registrationPool: PostgresPool
    let limits: InboxLimits
    /// This process among the others; nil outside of an installation that runs.
    let node: @Sendable () -> NodeID?
    /// Users whose devices acknowledged something here since the last sweep.
    let acknowledgedUsers = Mutex<Set<UserID>>([])
    /// Where the next sweep goes on through the inboxes.
    let sweepPosition = Mutex(UserID(0))
    /// Look-ups that come together share one query.
    let pages: GroupCommit<PageRequest, PendingPage?>
    let targets: GroupCommit<DeviceID, CallbackTarget?>
    /// The earliest time of the next look for callbacks: hints that come together share one.
    let nextLook = Mutex(ContinuousClock.now)
    let turns = PushTurns()
    let pace = SharedPace()
    /// Streams that may still be attached to this node although they have ended.
    let unfinishedDetachments = Mutex<Set<StreamAttachment>>([])
    private let sendHints = Mutex<@Sendable ([HintDestination: Hints]) -> Void>({ _ in })

    /// Throws `OpenError` unless the database can be used as it is.
    public static func open(
        _ address: PostgresAddress, limits: InboxLimits = InboxLimits(), node: @escaping @Sendable () -> NodeID? = { nil },
        logger: Logger
    ) async throws -> PostgresBackend {
        let backend = PostgresBackend(address, limits: limits, node: node, logger: logger)
        do {
            let version = try await backend.schemaVersion()
            if version < PostgresSchema.version { throw OpenError.needsMigration(found: version) }
            if version > PostgresSchema.version { throw OpenError.fromTheFuture(found: version) }
            if try await backend.isBeingCopiedInto() { throw OpenError.copyIncomplete }
            return backend
        } catch {
            backend.close()
            throw (error as? StoreError).map { OpenError.unreachable($0.reason) } ?? error
        }
    }

    private init(_ address: PostgresAddress, limits: InboxLimits, node: @escaping @Sendable () -> NodeID?, logger: Logger) {
        let pool = PostgresPool(address, limit: Self.connections, logger: logger)
        self.pool = pool
        commitPool = PostgresPool(address, limit: Self.commitConnections, logger: logger)
        registrationPool = PostgresPool(address, limit: Self.registrationConnections, logger: logger)
        self.limits = limits
        self.node = node
        let pace = pace
        pages = GroupCommit(maximumItems: 64, maximumBytes: 16 << 20, size: \.bytes, spacing: { pace.spacing }) {
            try await Self.pages($0, from: pool)
        }
        targets = GroupCommit(maximumItems: 256, spacing: { pace.spacing }) {
            try await Self.targets($0, node: node(), from: pool)
        }
    }

    public func close() {
        for pool in pools { pool.close() }
    }

    /// False while the database cannot be reached.
    public var isReachable: Bool { pools.allSatisfy(\.isReachable) }

    private var pools: [PostgresPool] { [pool, commitPool, registrationPool] }

    /// Called with hints for other processes that turned up outside of an append. To be set before the first of them.
    public func onHints(_ send: @escaping @Sendable ([HintDestination: Hints]) -> Void) {
        sendHints.withLock { $0 = send }
    }

    func send(_ hints: [HintDestination: Hints]) {
        if !hints.isEmpty { sendHints.withLock { $0 }(hints) }
    }
}

extension StoreError {
    /// Without what kind it is.
    var reason: String {
        switch self {
        case .unavailable(let reason), .unreachable(let reason), .outcomeUnknown(let reason): reason
        case .full: "its disk is full"
        }
    }
}

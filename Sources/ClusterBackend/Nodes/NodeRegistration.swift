import MessengerCore
import Synchronization

/// What this process knows of its own registration among the others, and of the database's clock.
///
/// Time is measured by the monotonic clock, which goes on while the process is stopped: one that wakes up after its lease has
/// run out knows so.
public final class NodeRegistration: Sendable {
    /// A node that does not renew its registration for this long is taken for dead.
    static let lease = Duration.seconds(8)
    static let renewal = Duration.seconds(1)
    /// Who could not renew for longer does not judge others: they could not, either.
    private static let steadyRenewal = Duration.seconds(3)
    /// A push begins only while the lease has this long to go: longer than the push can take.
    static let pushMargin = CallbackRequest.timeout + .seconds(1)
    /// The list of ended sessions is read this often, and the cache is trusted for `trust` after it was.
    static let endedSessionsInterval = Duration.milliseconds(300)
    static let trust = Duration.seconds(1)

    private struct State {
        var id: NodeID?
        var leaseEnd = Duration.zero
        var lastRenewal = Duration.zero
        /// Since when it was renewed in time, each time.
        var steadySince = Duration.zero
        var endedSessionsRead: Duration?
        /// The database's clock at a moment of the monotonic one.
        var clock: (time: Timestamp, uptime: Duration)?
    }

    private let uptime: @Sendable () -> Duration
    private let state = Mutex(State())

    public init(uptime: @escaping @Sendable () -> Duration = TimeSource.system.uptime) { self.uptime = uptime }

    /// Nil before the first registration, and once the lease has run out.
    public var id: NodeID? {
        let now = uptime()
        return state.withLock { $0.leaseEnd > now ? $0.id : nil }
    }

    /// The same, whether or not the lease has run out.
    var lastID: NodeID? { state.withLock { $0.id } }

    /// Whether a push may begin: no other node can take the device over before it ends.
    public var mayPush: Bool {
        let now = uptime()
        return state.withLock { $0.id != nil && $0.leaseEnd - now >= Self.pushMargin }
    }

    /// Whether others that did not renew have had the time to, by all that this process knows of the database.
    var mayJudge: Bool {
        let now = uptime()
        return state.withLock { state in
            state.id != nil && now - state.lastRenewal <= Self.steadyRenewal && now - state.steadySince >= Self.lease
        }
    }

    /// Whether this process knows of all sessions that ended up to a second ago.
    public var knowsEndedSessions: Bool {
        let now = uptime()
        return state.withLock { state in state.endedSessionsRead.map { now - $0 < Self.trust } ?? false }
    }

    /// The database's clock: the same for all processes, whatever their own clocks say.
    public var now: Timestamp {
        let now = uptime()
        return state.withLock { state in state.clock.map { $0.time + (now - $0.uptime) } } ?? TimeSource.system.now()
    }

    /// The clocks of a process of this installation.
    public var timeSource: TimeSource {
        TimeSource(now: { self.now }, uptime: uptime, sleep: TimeSource.system.sleep)
    }

    /// The registration holds for a lease from `start` on, when its renewal was sent.
    func renewed(_ id: NodeID, at start: Duration, databaseTime: Timestamp) {
        let end = uptime()
        state.withLock { state in
            if state.id != id || start - state.lastRenewal > Self.steadyRenewal { state.steadySince = start }
            state.id = id
            state.lastRenewal = start
            state.leaseEnd = start + Self.lease
            state.clock = (databaseTime, start + (end - start) / 2)
        }
    }

    func lost() { state.withLock { $0.id = nil } }

    /// How long ago the read before this one was.
    func readEndedSessions(at start: Duration) -> Duration {
        state.withLock { state in
            defer { state.endedSessionsRead = start }
            return start - (state.endedSessionsRead ?? start)
        }
    }
}

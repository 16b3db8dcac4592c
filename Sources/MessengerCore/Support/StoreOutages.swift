import Logging
import Synchronization

/// Says in the log that the database fails: for all work of a process together, since all of it fails at once.
public final class StoreOutages: Sendable {
    /// Longer than the work that repeats by itself rests: a second.
    private static let calm = Duration.seconds(5)

    private let uptime: @Sendable () -> Duration
    private let logger: Logger
    private let state = Mutex(OutageLog(calm: calm))

    public init(uptime: @escaping @Sendable () -> Duration = TimeSource.system.uptime, logger: Logger) {
        self.uptime = uptime
        self.logger = logger
    }

    /// - Parameter work: what could not be done, such as `housekeeping`.
    public func failed(_ work: String, _ error: any Error) {
        let reason: Logger.Metadata = ["work": "\(work)", "error": "\(error)"]
        logger.debug("The database failed", metadata: reason)
        let now = uptime()
        switch state.withLock({ $0.failed(now: now) }) {
        case .begins:
            logger.error("The database fails; until it works, what needs it is refused or tried again", metadata: reason)
        case .lasts(let duration, let failures):
            logger.error("The database still fails", metadata: reason.merging(Self.extent(duration, failures)) { $1 })
        case .ends, nil: break
        }
    }

    /// Work that repeats by itself was done. What clients ask for does not count: there may be nothing in it that fails.
    public func succeeded() {
        let now = uptime()
        if case .ends(let duration, let failures) = state.withLock({ $0.succeeded(now: now) }) {
            logger.notice("The database works again", metadata: Self.extent(duration, failures))
        }
    }

    private static func extent(_ duration: Duration, _ failures: Int) -> Logger.Metadata {
        ["seconds": "\(duration.components.seconds)", "failures": "\(failures)"]
    }
}

import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// Puts a `ConnectionGuard` before a server's own handlers, and refuses connections beyond a limit.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
    private struct TooManyConnections: Error {}

    let base: Base
    let connections: ConnectionCount
    let times: ConnectionTimes

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection<Base>> {
        guard connections.open(logger: logger) else {
            return channel.close().flatMapThrowing { throw TooManyConnections() }
        }
        channel.closeFuture.whenComplete { _ in connections.close() }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ConnectionGuard(times: times))
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }.map {
            AcceptedConnection(base: base, value: $0, channel: channel, logger: logger)
        }
    }

    func handle(value: AcceptedConnection<Base>, logger: Logger) async { await value.handle() }
}

/// Counts open connections against a limit.
final class ConnectionCount: Sendable {
    private static let logInterval = Duration.minutes(1)

    private let limit: Int
    private let uptime: @Sendable () -> Duration
    private let state = Mutex<(open: Int, logged: Duration?)>((0, nil))

    init(limit: Int, uptime: @escaping @Sendable () -> Duration) {
        self.limit = limit
        self.uptime = uptime
    }

    /// False, and a line in the log once a minute, when the limit is reached.
    func open(logger: Logger) -> Bool {
        let now = uptime()
        let (isOpen, logs) = state.withLock { state -> (Bool, Bool) in
            if state.open < limit {
                state.open += 1
                return (true, false)
            }
            let logs = state.logged.map { now - $0 >= Self.logInterval } ?? true
            if logs { state.logged = now }
            return (false, logs)
        }
        if logs { logger.warning("Refusing connections: the limit is reached", metadata: ["limit": "\(limit)"]) }
        return isOpen
    }

    func close() { state.withLock { $0.open -= 1 } }
}

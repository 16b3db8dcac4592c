import Logging
import MessengerCore
import Synchronization

/// Whether both connections to the broker are up. Logs when that changes and once a minute of an outage, not at each attempt.
final class BrokerStatus: Sendable {
    enum Connection {
        case publishing, consuming
    }

    private struct State {
        var up: Set<Connection> = []
        /// Nil before anything is known.
        var isConnected: Bool?
        var outage = OutageLog(calm: .zero)
        var isClosing = false
    }

    private let address: RabbitMQAddress
    private let uptime: @Sendable () -> Duration
    private let logger: Logger
    private let state = Mutex(State())

    init(address: RabbitMQAddress, uptime: @escaping @Sendable () -> Duration = TimeSource.system.uptime, logger: Logger) {
        self.address = address
        self.uptime = uptime
        self.logger = logger
    }

    var isConnected: Bool { state.withLock { $0.isConnected ?? false } }

    func isUp(_ connection: Connection) {
        let now = uptime()
        let isNews = state.withLock { state in
            state.up.insert(connection)
            guard state.up.count == 2, state.isConnected != true else { return false }
            state.isConnected = true
            _ = state.outage.succeeded(now: now)
            return true
        }
        if isNews { logger.notice("Connected to RabbitMQ", metadata: ["broker": "\(address)"]) }
    }

    func isDown(_ connection: Connection, because failure: RabbitMQFailure) {
        let now = uptime()
        let line = state.withLock { state -> OutageLog.Line? in
            state.up.remove(connection)
            state.isConnected = false
            return state.isClosing ? nil : state.outage.failed(now: now)
        }
        switch line {
        case .begins:
            logger.warning("RabbitMQ is away; until it is back, polls find what is new", metadata: ["reason": "\(failure)"])
        case .lasts(let duration, _):
            logger.warning(
                "RabbitMQ is still away", metadata: ["seconds": "\(duration.components.seconds)", "reason": "\(failure)"])
        case .ends, nil: break
        }
    }

    /// It was closed on purpose.
    func hasEnded(_ connection: Connection) {
        state.withLock { state in
            state.up.remove(connection)
            state.isConnected = false
            state.isClosing = true
        }
    }
}

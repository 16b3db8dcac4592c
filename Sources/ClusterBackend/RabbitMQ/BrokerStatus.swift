import Logging
import Synchronization

/// Whether both connections to the broker are up. Logs when that changes, and not at each attempt.
final class BrokerStatus: Sendable {
    enum Connection {
        case publishing, consuming
    }

    private struct State {
        var up: Set<Connection> = []
        /// Nil before anything is known.
        var isConnected: Bool?
    }

    private let address: RabbitMQAddress
    private let logger: Logger
    private let state = Mutex(State())

    init(address: RabbitMQAddress, logger: Logger) {
        self.address = address
        self.logger = logger
    }

    var isConnected: Bool { state.withLock { $0.isConnected ?? false } }

    func isUp(_ connection: Connection) {
        let isNews = state.withLock { state in
            state.up.insert(connection)
            guard state.up.count == 2, state.isConnected != true else { return false }
            state.isConnected = true
            return true
        }
        if isNews { logger.notice("Connected to RabbitMQ", metadata: ["broker": "\(address)"]) }
    }

    func isDown(_ connection: Connection, because failure: RabbitMQFailure) {
        let isNews = state.withLock { state in
            state.up.remove(connection)
            defer { state.isConnected = false }
            return state.isConnected != false
        }
        if isNews {
            logger.warning("RabbitMQ is away; until it is back, polls find what is new", metadata: ["reason": "\(failure)"])
        }
    }

    /// It was closed on purpose.
    func hasEnded(_ connection: Connection) {
        state.withLock { state in
            state.up.remove(connection)
            state.isConnected = false
        }
    }
}

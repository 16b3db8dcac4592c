import Foundation
import MessengerCore
import Synchronization

/// A thread that keeps a connection to the broker, and opens another when it breaks.
final class RabbitMQLink: Sendable {
    private static let patience = Duration.seconds(3)

    /// Rung to stop; the thread may be woken by it for other reasons, too.
    let bell = ThreadBell()
    private let address: RabbitMQAddress
    private let connection: BrokerStatus.Connection
    private let status: BrokerStatus
    private let stopping = Atomic(false)
    private let upSince = Mutex<Duration?>(nil)

    init(_ connection: BrokerStatus.Connection, to address: RabbitMQAddress, status: BrokerStatus) {
        self.address = address
        self.connection = connection
        self.status = status
    }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Has `run` return soon; it may be called before.
    func stop() {
        stopping.store(true, ordering: .releasing)
        bell.ring()
    }

    /// The connection that `use` was given serves.
    func isUp() {
        upSince.withLock { $0 = TimeSource.system.uptime() }
        status.isUp(connection)
    }

    /// Calls `use` on a thread of its own with one connection after the other; it holds one until that fails, or until
    /// `isStopping`. Returns when stopped.
    func run(_ use: @escaping @Sendable (borrowing RabbitMQConnection) throws(RabbitMQFailure) -> Void) async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                self.keepConnected(use)
                continuation.resume()
            }
            thread.name = "\(connection)"
            thread.start()
        }
    }

    private func keepConnected(_ use: (borrowing RabbitMQConnection) throws(RabbitMQFailure) -> Void) {
        var pause = ReconnectPause()
        while !isStopping {
            do throws(RabbitMQFailure) {
                let name = "messenger-server \(getpid()) \(connection)"
                let connection = try RabbitMQConnection(to: address, name: name, patience: Self.patience)
                try use(connection)
                connection.close()
            } catch {
                status.isDown(connection, because: error)
                rest(pause.next(lasted: endOfUse(), random: .random(in: 0...1)))
            }
        }
        status.hasEnded(connection)
    }

    /// How long the last connection was up.
    private func endOfUse() -> Duration {
        upSince.withLock { since in
            defer { since = nil }
            return since.map { TimeSource.system.uptime() - $0 } ?? .zero
        }
    }

    private func rest(_ duration: Duration) {
        let end = TimeSource.system.uptime() + duration
        while !isStopping {
            let left = end - TimeSource.system.uptime()
            if left <= .zero { return }
            bell.wait(atMost: left)
        }
    }
}

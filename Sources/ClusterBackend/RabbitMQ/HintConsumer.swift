import Logging
import MessengerCore
import Synchronization

/// Hears hints on a connection and a thread of its own.
final class HintConsumer: Sendable {
    /// For heartbeats, and to find a broken connection.
    private static let lookAround = Duration.seconds(1)
    /// Messages that have come together are told together, up to so many.
    private static let maximumTogether = 64

    private struct Binding {
        /// The process whose hints are wanted.
        var wanted: NodeID?
        /// The process whose hints come.
        var bound: NodeID?
    }

    private let link: RabbitMQLink
    private let hearsSenders: Bool
    private let onHints: @Sendable (Hints) -> Void
    private let binding = Mutex(Binding())

    init(
        address: RabbitMQAddress, hearsSenders: Bool, status: BrokerStatus, onHints: @escaping @Sendable (Hints) -> Void
    ) {
        link = RabbitMQLink(.consuming, to: address, status: status)
        self.hearsSenders = hearsSenders
        self.onHints = onHints
    }

    /// Whether the hints come that were asked for.
    var hearsItsNode: Bool { binding.withLock { $0.wanted == $0.bound } }

    func listen(as node: NodeID) {
        binding.withLock { $0.wanted = node }
        link.bell.ring()
    }

    func run() async { await link.run { connection throws(RabbitMQFailure) in try self.consume(on: connection) } }

    func stop() { link.stop() }

    private func consume(on connection: borrowing RabbitMQConnection) throws(RabbitMQFailure) {
        // A fresh name: the broker may not have noticed yet that the last connection, and its exclusive queue, have gone.
        let queue = "messenger.process.\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        binding.withLock { $0.bound = nil }
        try connection.declareExchange()
        try connection.declareOwnQueue(queue)
        try connection.consume(queue)
        if hearsSenders {
            try connection.declareSenderQueue()
            try connection.bind(RabbitMQConnection.senderQueue, to: HintDestination.anySender.routingKey)
            try connection.consume(RabbitMQConnection.senderQueue)
        }
        try rebind(queue, on: connection)
        link.isUp()
        while !link.isStopping {
            try rebind(queue, on: connection)
            if try !tellWhatHasCome(on: connection) { connection.wait(for: link.bell, atMost: Self.lookAround) }
        }
    }

    private func rebind(_ queue: String, on connection: borrowing RabbitMQConnection) throws(RabbitMQFailure) {
        let (wanted, bound) = binding.withLock { ($0.wanted, $0.bound) }
        guard let wanted, wanted != bound else { return }
        try connection.bind(queue, to: HintDestination.node(wanted).routingKey)
        if let bound { try connection.unbind(queue, from: HintDestination.node(bound).routingKey) }
        binding.withLock { $0.bound = wanted }
    }

    /// Returns whether anything had come.
    private func tellWhatHasCome(on connection: borrowing RabbitMQConnection) throws(RabbitMQFailure) -> Bool {
        var hints = Hints()
        var count = 0
        while count < Self.maximumTogether, let message = try connection.nextMessage({ Hints(wire: $0) }) {
            if let message { hints.formUnion(message) }
            count += 1
        }
        if !hints.isEmpty { onHints(hints) }
        return count > 0
    }
}

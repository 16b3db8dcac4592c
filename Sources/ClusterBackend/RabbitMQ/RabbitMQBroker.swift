import Logging
import MessengerCore
import ServiceLifecycle

/// Carries hints between the processes of a scaled-out installation through RabbitMQ. What it carries may be lost, come late
/// or twice; nothing waits for it.
///
/// Everything goes through one exchange, `messenger.hints`. Each process has a queue of its own there, which goes with its
/// connection and is bound to `node.<id>`; all senders share `messenger.senders`. None of it is durable, and each queue keeps
/// a bounded number of messages. Two threads hold one connection each, to publish and to consume; a connection that breaks is
/// replaced, with growing pauses up to 5 s.
public final class RabbitMQBroker: HintBroker {
    private let status: BrokerStatus
    private let publisher: HintPublisher
    private let consumer: HintConsumer

    /// Does nothing before `run`.
    /// - Parameters:
    ///   - hearsSenders: whether it also takes hints for `HintDestination.anySender`.
    ///   - onHints: called on the consuming thread, one call at a time: it must be quick.
    public init(
        address: RabbitMQAddress, hearsSenders: Bool, logger: Logger, onHints: @escaping @Sendable (Hints) -> Void
    ) {
        status = BrokerStatus(address: address, logger: logger)
        publisher = HintPublisher(address: address, status: status, logger: logger)
        consumer = HintConsumer(address: address, hearsSenders: hearsSenders, status: status, onHints: onHints)
    }

    /// Whether both connections are up and the hints come that `listen` asked for.
    public var isConnected: Bool { status.isConnected && consumer.hearsItsNode }

    /// How many ids wait to be published; bounded.
    var waitingCount: Int { publisher.waitingCount }

    /// Returns at once and never fails. While the broker is away, hints run together by their destination, up to a bound.
    /// A destination that has gone is no error.
    public func send(_ hints: [HintDestination: Hints]) { publisher.send(hints) }

    /// Takes the hints for that process from now on, in place of an earlier one, also after reconnecting. May be called before
    /// `run`.
    public func listen(as node: NodeID) { consumer.listen(as: node) }

    /// Returns after graceful shutdown or cancellation, having published what waits if the broker is there. Once only.
    public func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            async let publishing: Void = publisher.run()
            await consumer.run()
            await publishing
        } onCancelOrGracefulShutdown: {
            self.publisher.stop()
            self.consumer.stop()
        }
    }
}

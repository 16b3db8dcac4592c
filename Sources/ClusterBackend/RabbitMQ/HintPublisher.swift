import Foundation
import Logging
import MessengerCore
import Synchronization

/// Publishes hints on a connection and a thread of its own, round by round. Alone, a hint goes at once; what is sent soon after
/// a round, or before the broker has confirmed it, goes together in the next.
final class HintPublisher: Sendable {
    /// For heartbeats, and to find a connection that broke while nothing was sent.
    private static let lookAround = Duration.seconds(1)
    /// The least time from one round to the next: each costs all processes together about 0.3 ms.
    private static let roundInterval = Duration.milliseconds(4)
    /// A broker that takes longer counts as away.
    private static let confirmTimeout = Duration.seconds(5)
    private static let confirmTimeoutAtEnd = Duration.seconds(1)
    private static let dropReportInterval = Duration.seconds(60)
    /// A key that nobody listens to.
    private static let probeKey = "probe"

    private let link: RabbitMQLink
    private let logger: Logger
    private let outbox = Mutex(HintOutbox())
    private let lastDropReport = Mutex<Duration?>(nil)

    init(address: RabbitMQAddress, status: BrokerStatus, logger: Logger) {
        link = RabbitMQLink(.publishing, to: address, status: status)
        self.logger = logger
    }

    /// How many ids wait for their round.
    var waitingCount: Int { outbox.withLock { $0.count } }

    /// Never waits for the broker. Beyond the outbox's capacity hints are dropped, which is logged once a minute.
    func send(_ hints: [HintDestination: Hints]) {
        let (wakes, hasDropped) = outbox.withLock { ($0.add(hints), $0.droppedCount > 0) }
        if wakes { link.bell.ring() }
        if hasDropped { reportDrops() }
    }

    func run() async { await link.run { connection throws(RabbitMQFailure) in try self.publish(on: connection) } }

    /// What waits is published first, if the broker is there.
    func stop() { link.stop() }

    private func publish(on connection: borrowing RabbitMQConnection) throws(RabbitMQFailure) {
        var confirms = PublisherConfirms()
        try connection.declareExchange()
        try connection.startConfirms()
        // A broker in an alarm lets us in but takes no message.
        try connection.publish(Hints().wire, to: Self.probeKey)
        confirms.published()
        try settle(&confirms, on: connection)
        link.isUp()
        var lastRound = Duration.zero
        while true {
            if waitingCount > 0 { pace(since: &lastRound) }
            let round = outbox.withLock { $0.startRound() }
            if round.isEmpty {
                if link.isStopping { return }
                if try connection.nextConfirmation() == nil { connection.wait(for: link.bell, atMost: Self.lookAround) }
                continue
            }
            do throws(RabbitMQFailure) {
                for (destination, hints) in round {
                    try connection.publish(hints.wire, to: destination.routingKey)
                    confirms.published()
                }
                try settle(&confirms, on: connection)
            } catch {
                outbox.withLock { $0.endRound(isConfirmed: false) }
                throw error
            }
            outbox.withLock { $0.endRound(isConfirmed: true) }
        }
    }

    /// Returns when the broker has answered for all that was published.
    private func settle(_ confirms: inout PublisherConfirms, on connection: borrowing RabbitMQConnection) throws(RabbitMQFailure)
    {
        let start = TimeSource.system.uptime()
        while !confirms.isSettled {
            if let answer = try connection.nextConfirmation() {
                confirms.answered(answer.tag, upToTag: answer.upToTag)
                continue
            }
            let limit = link.isStopping ? Self.confirmTimeoutAtEnd : Self.confirmTimeout
            let left = limit - (TimeSource.system.uptime() - start)
            guard left > .zero else { throw connection.failure(.unconfirmed, .publish) }
            connection.wait(for: link.bell, atMost: min(left, Self.lookAround))
        }
    }

    private func pace(since lastRound: inout Duration) {
        let left = lastRound + Self.roundInterval - TimeSource.system.uptime()
        if left > .zero { Thread.sleep(forTimeInterval: left.inSeconds) }
        lastRound = TimeSource.system.uptime()
    }

    private func reportDrops() {
        let now = TimeSource.system.uptime()
        let isDue = lastDropReport.withLock { last in
            if let last, now - last < Self.dropReportInterval { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let count = outbox.withLock { $0.takeDroppedCount() }
        logger.warning("Hints were dropped, since too many wait; polls find what is new", metadata: ["count": "\(count)"])
    }
}

import Foundation
import MessengerCore

extension RabbitMQBroker {
    private static let checkLimit = 5
    /// Less than the limit, so that a step that hangs is named.
    private static let checkPatience = Duration.milliseconds(4_500)

    /// Tries all that a process does with the broker: nil when it works, else one line that says what is wrong and what to do,
    /// without the password. Answers within 5 s. It leaves the exchange behind, and takes nobody's hints.
    public static func check(_ address: RabbitMQAddress) async -> String? {
        let findings = AsyncStream.makeStream(of: String?.self, bufferingPolicy: .bufferingOldest(1))
        Thread.detachNewThread {
            do throws(RabbitMQFailure) {
                try tryEverything(address)
                findings.continuation.yield(nil)
            } catch {
                findings.continuation.yield(error.description)
            }
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(checkLimit)) {
            findings.continuation.yield("\(address): does not answer; look whether RabbitMQ and the name service are well")
        }
        return await findings.stream.first { _ in true } ?? nil
    }

    private static func tryEverything(_ address: RabbitMQAddress) throws(RabbitMQFailure) {
        let connection = try RabbitMQConnection(to: address, name: "messenger-server check", patience: checkPatience)
        let queue = "messenger.check.\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        try connection.declareExchange()
        try connection.declareOwnQueue(queue)
        try connection.bind(queue, to: queue)
        try connection.startConfirms()
        try connection.publish(Hints().wire, to: queue)
        let end = TimeSource.system.uptime() + checkPatience
        let bell = ThreadBell()
        while try connection.nextConfirmation() == nil {
            let left = end - TimeSource.system.uptime()
            guard left > .zero else { throw connection.failure(.unconfirmed, .publish) }
            connection.wait(for: bell, atMost: left)
        }
        try connection.consume(queue)
        connection.close()
    }
}

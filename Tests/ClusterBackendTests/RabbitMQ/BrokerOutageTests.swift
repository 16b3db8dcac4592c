import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

/// On a RabbitMQ of their own, since they end and stop it.
@Suite("A broker that goes away", .timeLimit(.minutes(2)))
struct BrokerOutageTests {
    private static let vhost = "outage"
    private static let user = RabbitMQServer.User("messenger", password: "s3cret", permissions: [vhost: .init()])

    private func withServer(_ body: (RabbitMQServer, String) async throws -> Void) async throws {
        try await RabbitMQServer.run(vhosts: [Self.vhost], users: [Self.user]) { server in
            try await body(server, server.url(vhost: Self.vhost, user: Self.user))
        }
    }

    @Test("Killed and started again, or hanging for a while, it is found again, and hints flow; sending never waits")
    func outages() async throws {
        try await withServer { server, url in
            try await TestBroker.run(url, [.init(node: 1), .init(node: 2, hearsSenders: true)]) { brokers in
                await server.kill()
                for broker in brokers { try await broker.loses() }
                brokers[0].send([1], to: 2)
                brokers[1].broker.listen(as: NodeID(3))
                try await server.restart()
                for broker in brokers { try await broker.connects() }
                brokers[0].send([2], to: 3)
                brokers[0].broker.send([.anySender: Hints(tryNow: [DeviceID(1)])])
                try await brokers[1].hears([2])
                try await eventually("a sender hears") { brokers[1].heard.tryNow == [DeviceID(1)] }

                server.pause()
                try await sendWithoutWaiting(brokers[0])
                for broker in brokers { try await broker.loses() }
                try await sendWithoutWaiting(brokers[0])
                server.resume()
                for broker in brokers { try await broker.connects() }
                brokers[1].send([3], to: 1)
                try await brokers[0].hears([3])
            }
        }
    }

    /// Three times of what may wait.
    private func sendWithoutWaiting(_ broker: TestBroker) async throws {
        let batch = 1_000
        let start = ContinuousClock.now
        for first in stride(from: Int64(1_000), to: Int64(3 * HintOutbox.capacity), by: batch) {
            broker.send(Array(first..<first + Int64(batch)), to: 9)
        }
        #expect(ContinuousClock.now - start < .seconds(2), "a broker that is waited for takes longer than that to be given up")
        #expect(broker.broker.waitingCount <= HintOutbox.capacity)
    }
}

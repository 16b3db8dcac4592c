import ClusterBackend
import MessengerCore
import TestSupport
import Testing

/// Whole listeners and senders, with a broker and without one.
@Suite("A cluster without a broker", .timeLimit(.minutes(2)))
struct ClusterWithoutBrokerTests {
    @Test("Everything arrives all the same, within 5 s, and ended sessions are dead within one")
    func walk() async throws {
        try await TestCluster.run(broker: { _, _ in SilentBroker() }) { cluster in
            let walk = ClusterWalk(cluster: cluster, patience: .seconds(6))
            async let messages: Void = walk.messages()
            async let replaced: Void = walk.replaced()
            async let loggedOut: Void = walk.loggedOut()
            async let loggedInAgain: Void = walk.loggedInAgain()
            async let callbacks: Void = walk.callbacks()
            _ = try await (messages, replaced, loggedOut, loggedInAgain, callbacks)
        }
    }
}

extension RabbitMQSuite {
    @Suite("A cluster with a broker")
    struct ClusterWithBrokerTests {
        @Test("Listeners and senders act as one")
        func walk() async throws {
            let (server, _) = try #require(RabbitMQTrait.current)
            let url = server.url(vhost: RabbitMQTrait.vhosts[19], user: RabbitMQTrait.anyone)
            let address = try RabbitMQAddress(url)
            try await TestCluster.run(
                broker: { role, onHints in
                    RabbitMQBroker(
                        address: address, hearsSenders: role == .sender, logger: TestDatabase.silent, onHints: onHints)
                }
            ) { cluster in
                let walk = ClusterWalk(cluster: cluster, patience: .seconds(2))
                async let messages: Void = walk.messages()
                async let replaced: Void = walk.replaced()
                async let loggedOut: Void = walk.loggedOut()
                async let loggedInAgain: Void = walk.loggedInAgain()
                async let callbacks: Void = walk.callbacks()
                _ = try await (messages, replaced, loggedOut, loggedInAgain, callbacks)
            }
        }
    }
}

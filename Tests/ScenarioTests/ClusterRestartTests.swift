import TestSupport
import Testing

extension ClusterSuite {
    struct RestartTests {
        private let cluster: ClusterProcess

        init() throws { cluster = try #require(ClusterTrait.current) }

        @Test func `No request fails while everything but the database is restarted`() async throws {
            // Each sender may have been just between an answer and its acknowledgement.
            let scenario = FaultScenario(name: "rolling restart", cluster: cluster, allowsUnavailable: false, repeats: 2)
            try await scenario.play { _, _ in
                for group in ["listeners", "senders", "rabbitmq", "nginx"] { try await cluster.control("restart", group) }
            }
        }

        @Test func `Nothing accepted is lost while PostgreSQL is restarted`() async throws {
            try await FaultScenario(name: "restart of PostgreSQL", cluster: cluster).play { _, _ in
                try await cluster.control("restart", "postgres")
            }
        }
    }
}

import Glibc
import TestSupport
import Testing

extension ClusterSuite {
    struct KillTests {
        private let cluster: ClusterProcess

        /// Together where there is no time for each alone. A listener or sender is another one in each round.
        private static let victims =
            ScenarioSettings.isLong
            ? [["listener"], ["sender"], ["rabbitmq"], ["postgres"]] : [["listener"], ["sender", "rabbitmq"], ["postgres"]]

        init() throws { cluster = try #require(ClusterTrait.current) }

        @Test(arguments: victims)
        func `Nothing accepted is lost when a process is killed`(_ victims: [String]) async throws {
            let name = "kill -9 of \(victims.joined(separator: " and "))"
            try await FaultScenario(name: name, cluster: cluster).play { round, _ in
                try await cluster.kill(victims.map { ClusterProcess.name($0, in: round) })
            }
        }

        @Test func `Nothing accepted is lost when all listeners and senders are killed at once under load`() async throws {
            try await FaultScenario(name: "kill -9 of all listeners and senders", cluster: cluster, pace: 0...4).play { _, _ in
                try await cluster.kill(ClusterProcess.roles)
            }
        }

        @Test func `Nothing accepted is lost when a process of PostgreSQL is killed`() async throws {
            try await FaultScenario(name: "kill -9 of a PostgreSQL backend", cluster: cluster).play { _, _ in
                let before = try cluster.databaseBackends
                kill(try #require(before.randomElement()), SIGKILL)
                try await eventually("PostgreSQL has put out all the others and serves again") {
                    let now = try cluster.databaseBackends
                    return !now.isEmpty && now.allSatisfy { !before.contains($0) }
                }
            }
        }
    }
}

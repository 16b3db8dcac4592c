import TestSupport
import Testing

/// Faults of a scaled-out installation, one after another in one cluster: built listeners and senders, PostgreSQL, RabbitMQ and
/// nginx. Through all of them nothing accepted is lost, order is kept, and what comes twice is what the contract allows.
///
/// Each runs a `DeliveryScenario` and prints a line. `script/scenario --cluster` runs them for longer, and several times.
@Suite("Cluster", .cluster, .serialized, .timeLimit(.minutes(ScenarioSettings.faultMinutes)))
enum ClusterSuite {}

/// Runs one cluster around a whole suite.
struct ClusterTrait: SuiteTrait, TestScoping {
    @TaskLocal static var current: ClusterProcess?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await ClusterProcess.run(["--rate-limit", "0", "--", "--callback-allow", "127.0.0.0/8"]) { cluster in
            try await Self.$current.withValue(cluster) { try await function() }
        }
    }
}

extension Trait where Self == ClusterTrait {
    static var cluster: Self { Self() }
}

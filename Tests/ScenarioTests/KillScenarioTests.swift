import TestSupport
import Testing

/// The promise of the inbox, on the real program: what was accepted arrives in order, however often it is killed.
@Suite(.timeLimit(.minutes(ScenarioSettings.minutes)))
struct KillScenarioTests {
    @Test func `Nothing that was accepted is lost and order is kept through kill -9`() async throws {
        let start = ContinuousClock.now
        let verdict = try await ServerProcess.run(port: LoopbackPorts.free(), ["--log-level", "notice"]) { server in
            let scenario = DeliveryScenario(rounds: ScenarioSettings.rounds, base: server.url, seed: ScenarioSettings.seed)
            let verdict = try await scenario.run { _ in try await server.restart() }
            #expect(server.isRunning, "\(server.log)")
            return verdict
        }
        let seconds = (ContinuousClock.now - start).components.seconds
        print("scenario: seed=\(ScenarioSettings.seed) rounds=\(ScenarioSettings.rounds) seconds=\(seconds) \(verdict.summary)")
        #expect(verdict.isClean, "\(verdict.findings)")
        // Otherwise nothing was tried.
        #expect(verdict.accepted > 5 * ScenarioSettings.rounds)
        #expect(verdict.delivered >= verdict.accepted)
    }
}

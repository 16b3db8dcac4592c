import TestSupport
import Testing

/// A delivery scenario around some rounds of one fault of a cluster.
struct FaultScenario: Sendable {
    let name: String
    let cluster: ClusterProcess
    /// Whether 503 may be an answer meanwhile.
    var allowsUnavailable = true
    /// How often each callback address may see a message again in a round.
    var repeats = 1
    var pace = 5...40

    /// Plays it, prints the verdict in one line, and checks it.
    /// - Parameter strike: brings the fault about and returns when it is over; gets the round's number.
    func play(_ strike: @escaping @Sendable (Int, DeliveryLedger) async throws -> Void) async throws {
        let rounds = ScenarioSettings.faultRounds
        try await cluster.untilWhole()
        let start = ContinuousClock.now
        let scenario = DeliveryScenario(
            rounds: rounds, repeats: repeats, patience: .seconds(30), pace: pace, moreCallbacks: 4, hasSteadyStreams: true,
            silence: .seconds(8), ledger: DeliveryLedger(allowsUnavailable: allowsUnavailable), base: cluster.url,
            seed: ScenarioSettings.seed)
        let verdict = try await scenario.run { round in
            try await strike(round, scenario.ledger)
            try await cluster.untilWhole()
            // What was broken is used once more.
            try await Task.sleep(for: .milliseconds(500))
        }
        let seconds = (ContinuousClock.now - start).components.seconds
        print(
            "scenario: \"\(name)\" seed=\(ScenarioSettings.seed) rounds=\(rounds) seconds=\(seconds) \(verdict.summary) "
                + (["unavailable=\(verdict.unavailable)"] + verdict.notes).joined(separator: " "))
        #expect(verdict.isClean, "\(name): \(verdict.findings)\n\(cluster.complaints)")
        // Otherwise nothing was tried.
        #expect(verdict.accepted > 20 * rounds && verdict.delivered >= verdict.accepted, "\(name): \(verdict.summary)")
    }
}

extension Duration {
    /// Such as `4.2s`.
    var formatted: String { "\(components.seconds).\(components.attoseconds / 100_000_000_000_000_000)s" }
}

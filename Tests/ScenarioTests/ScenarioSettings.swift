import Foundation

/// What `script/scenario` changes in the kill scenario.
enum ScenarioSettings {
    private static let environment = ProcessInfo.processInfo.environment

    static let rounds = environment["SCENARIO_ROUNDS"].flatMap { Int($0) } ?? 10
    static let seed = environment["SCENARIO_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)
    /// Enough for a slow machine.
    static let minutes = max(5, rounds / 10)
}

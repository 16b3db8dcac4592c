import Foundation

/// What `script/scenario` changes in the scenarios.
enum ScenarioSettings {
    private static let environment = ProcessInfo.processInfo.environment

    static let rounds = environment["SCENARIO_ROUNDS"].flatMap { Int($0) } ?? 10
    static let seed = environment["SCENARIO_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)
    /// Enough for a slow machine.
    static let minutes = max(5, rounds / 10)

    /// Whether somebody has the time for it: otherwise each fault of a cluster comes once, and no longer than it takes to show.
    static let isLong = environment["SCENARIO_ROUNDS"] != nil
    static let faultRounds = isLong ? rounds : 1
    static let faultMinutes = max(5, 2 * faultRounds)

    static func wait(_ long: Duration, short: Duration) -> Duration { isLong ? long : short }
}

import Foundation

/// `SIMULATION_SEEDS=500` tries more histories than CI does.
enum SimulationSeeds {
    static let all = 1...(ProcessInfo.processInfo.environment["SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 20)
}

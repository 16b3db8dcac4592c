/// How long something took, many times over.
struct Measurement {
    private let sorted: [Duration]

    /// Runs it a few times unmeasured first.
    static func of(_ rounds: Int, _ body: () throws -> Void) throws -> Measurement {
        for _ in 0..<min(rounds / 10, 20) { try body() }
        let clock = ContinuousClock()
        return Measurement(sorted: try (0..<rounds).map { _ in try clock.measure(body) }.sorted())
    }

    var p50: Duration { sorted[sorted.count / 2] }
    var p99: Duration { sorted[min(sorted.count - 1, sorted.count * 99 / 100)] }
}

/// How long something took, many times over.
struct Measurement {
    private let sorted: [Duration]

    /// Runs it a few times unmeasured first.
    static func of(_ rounds: Int, _ body: () throws -> Void) throws -> Measurement {
        for _ in 0..<min(rounds / 10, 20) { try body() }
        let clock = ContinuousClock()
        return Measurement(sorted: try (0..<rounds).map { _ in try clock.measure(body) }.sorted())
    }

    var median: Duration { sorted[sorted.count / 2] }
    private var p99: Duration { sorted[min(sorted.count - 1, sorted.count * 99 / 100)] }

    func show(_ name: String) { Self.show(name, median, p99) }

    static func show(_ name: String, _ durations: Duration...) {
        let columns = durations.map { duration in
            let text =
                "\(Double(duration.components.attoseconds / 1_000_000_000) / 1_000_000 + Double(duration.components.seconds) * 1000)"
            return String(repeating: " ", count: max(1, 8 - text.count)) + text.prefix(8) + " ms"
        }
        print(name + String(repeating: " ", count: max(1, 40 - name.count)) + columns.joined())
    }
}

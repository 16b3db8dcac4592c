/// What one measurement came to, in milliseconds. Of the suites the first, X-Wing, is the one that counts.
struct BenchResult: Encodable {
    let key: String
    let name: String
    let p50: Double
    let p99: Double

    init(_ key: String, _ name: String, _ measurement: Measurement) {
        self.init(key, name, p50: measurement.p50, p99: measurement.p99)
    }

    init(_ key: String, _ name: String, p50: Duration, p99: Duration) {
        self.key = key
        self.name = name
        self.p50 = Self.milliseconds(p50)
        self.p99 = Self.milliseconds(p99)
    }

    var line: String {
        name + String(repeating: " ", count: max(1, 40 - name.count)) + Self.column(p50) + Self.column(p99)
    }

    private static func column(_ milliseconds: Double) -> String {
        let text = "\(milliseconds)"
        return String(repeating: " ", count: max(1, 8 - text.count)) + text.prefix(8) + " ms"
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.attoseconds / 1_000_000_000) / 1_000_000 + Double(duration.components.seconds) * 1000
    }
}

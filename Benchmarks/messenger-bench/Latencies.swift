import Histogram
import Synchronization

/// Durations from many threads, as an HdrHistogram in microseconds.
final class Latencies: Sendable {
    private let histogram = Mutex(
        Histogram<UInt64>(highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three))

    func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        histogram.withLock { _ = $0.record(UInt64(max(0, microseconds))) }
    }

    func reset() { histogram.withLock { $0.reset() } }

    var summary: Summary {
        histogram.withLock { histogram in
            func milliseconds(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1_000 }
            return Summary(
                count: Int(histogram.totalCount), p50: milliseconds(50), p90: milliseconds(90), p99: milliseconds(99),
                p999: milliseconds(99.9), max: milliseconds(100))
        }
    }

    /// In milliseconds.
    struct Summary: Encodable, Sendable {
        let count: Int
        let p50: Double
        let p90: Double
        let p99: Double
        let p999: Double
        let max: Double
    }
}

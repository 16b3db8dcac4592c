import Foundation

struct LoadResult: Encodable, Sendable {
    let streams: Int
    let writers: Int
    let seconds: Double
    let accepted: Int
    let refused: Int
    let acceptedPerSecond: Double
    /// From when the send was due to its answer.
    let send: Latencies.Summary
    /// From when the send was due to its arrival on the stream.
    let stream: Latencies.Summary
    /// Callbacks that came, and how many a second until the last one.
    let pushed: Int
    let pushedPerSecond: Double
    let processorMicrosecondsPerMessage: Double
    let memoryBefore: Int
    let memoryWithStreams: Int
    let memoryAfter: Int

    var kibibytesPerStream: Double { streams == 0 ? 0 : Double(memoryWithStreams - memoryBefore) / 1_024 / Double(streams) }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        func line(_ summary: Latencies.Summary) -> String {
            String(
                format: "p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms  (%d)", summary.p50, summary.p90, summary.p99,
                summary.p999, summary.max, summary.count)
        }
        func mebibytes(_ bytes: Int) -> String { String(format: "%.1f MiB", Double(bytes) / 1_048_576) }
        return """
            accepted        \(Int(acceptedPerSecond))/s  (\(accepted) in \(String(format: "%.1f", seconds)) s; refused \(refused))
            send            \(line(send))
            send to stream  \(line(stream))
            pushed          \(Int(pushedPerSecond))/s  (\(pushed))
            server time     \(String(format: "%.1f", processorMicrosecondsPerMessage)) µs per message
            server memory   \(mebibytes(memoryBefore)), with streams \(mebibytes(memoryWithStreams)), after \(mebibytes(memoryAfter)); \
            \(String(format: "%.1f", kibibytesPerStream)) KiB per stream
            """
    }
}

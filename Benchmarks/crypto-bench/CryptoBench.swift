import Foundation
import KeyLog
import MessengerCrypto

/// Measures the cryptography of the clients on one core: `swift run -c release crypto-bench`, with `--json` for programs.
///
/// Targets: sealing for one device in 0.4 ms and for each further one in 0.2 ms, opening in 0.3 ms, replaying a log of
/// 100,000 entries in 2 s, a look-up in it in 1 ms.
@main
enum CryptoBench {
    private static let rounds = 500
    private static let replays = 20
    private static let logSize = 100_000

    static func main() throws {
        var results: [BenchResult] = []
        try measureEnvelopes(&results)
        try measureLog(&results)
        if CommandLine.arguments.contains("--json") {
            print(String(decoding: try JSONEncoder().encode(results), as: UTF8.self))
        } else {
            print("what                                            p50        p99")
            for result in results { print(result.line) }
        }
    }

    private static func measureEnvelopes(_ results: inout [BenchResult]) throws {
        for suite in BenchInstallation.suites {
            var installation = try BenchInstallation()
            let ann = try installation.account(suite: suite, devices: 1)
            let bob = try installation.account(suite: suite, devices: 16)
            let (sealer, message) = try installation.message(from: ann)
            var sealings: [Int: Measurement] = [:]
            for count in [1, 2, 16] {
                let recipient = installation.recipient(bob, devices: count)
                let sealing = try Measurement.of(rounds) { _ = try sealer.seal(message, to: [recipient]) }
                sealings[count] = sealing
                results.append(BenchResult("seal-\(count)", "\(suite): seal for \(count)", sealing))
            }
            if let one = sealings[1], let all = sealings[16] {
                results.append(
                    BenchResult(
                        "seal-further", "\(suite): each further device", p50: (all.p50 - one.p50) / 15,
                        p99: (all.p99 - one.p99) / 15))
            }
            let envelope = try sealer.seal(message, to: [installation.recipient(bob, devices: 1)])[0].bytes
            let opening = try Measurement.of(rounds) { try installation.open(envelope, by: bob, from: ann) }
            results.append(BenchResult("open", "\(suite): open", opening))
        }
    }

    private static func measureLog(_ results: inout [BenchResult]) throws {
        let log = try BenchLog(size: logSize)
        results.append(
            BenchResult("replay", "replay \(logSize) entries", try Measurement.of(replays) { _ = try log.replayed() }))
        let view = try log.replayed()
        var place = 0
        let lookUp = try Measurement.of(10_000) {
            place = (place + 7919) % log.names.count
            guard view.entry(for: log.names[place]) != nil else { throw BenchError.unexpected }
        }
        results.append(BenchResult("look-up", "look a name up", lookUp))
        let comparison = try Measurement.of(1000) {
            guard view.verdict(on: log.claim) == .agrees else { throw BenchError.unexpected }
        }
        results.append(BenchResult("claim", "compare a claim about an older log", comparison))
    }
}

/// Measures the cryptography of the clients on one core: `swift run -c release crypto-bench`.
///
/// Targets: sealing for one device in 0.4 ms and for each further one in 0.2 ms, opening in 0.3 ms, replaying a log of
/// 100,000 entries in 2 s, a look-up in it in 1 ms.
@main
enum CryptoBench {
    private static let rounds = 500
    private static let logSize = 100_000

    static func main() throws {
        print("what                                            p50        p99")
        try measureEnvelopes()
        try measureLog()
    }

    private static func measureEnvelopes() throws {
        for suite in BenchInstallation.suites {
            var installation = try BenchInstallation()
            let ann = try installation.account(suite: suite, devices: 1)
            let bob = try installation.account(suite: suite, devices: 16)
            let (sealer, message) = try installation.message(from: ann)
            var single: Duration = .zero
            for count in [1, 2, 16] {
                let recipient = installation.recipient(bob, devices: count)
                let sealing = try Measurement.of(rounds) { _ = try sealer.seal(message, to: [recipient]) }
                sealing.show("\(suite): seal for \(count)")
                if count == 1 { single = sealing.median }
                if count == 16 { Measurement.show("\(suite): each further device", (sealing.median - single) / 15) }
            }
            let envelope = try sealer.seal(message, to: [installation.recipient(bob, devices: 1)])[0].bytes
            try Measurement.of(rounds) { try installation.open(envelope, by: bob, from: ann) }.show("\(suite): open")
        }
    }

    private static func measureLog() throws {
        let log = try BenchLog(size: logSize)
        try Measurement.of(5) { _ = try log.replayed() }.show("replay \(logSize) entries")
        let view = try log.replayed()
        var place = 0
        try Measurement.of(10_000) {
            place = (place + 7919) % log.names.count
            guard view.entry(for: log.names[place]) != nil else { throw BenchError.unexpected }
        }.show("look a name up")
        try Measurement.of(1000) {
            guard view.verdict(on: log.claim) == .agrees else { throw BenchError.unexpected }
        }.show("compare a claim about an older log")
    }
}

import KeyLog
import MessengerCrypto
import TestSupport
import Testing

@testable import MessengerClient

/// What a removed device can read, and how what comes is shown. That every device gets everything is `SimulationTests`' to say, where
/// none is added or removed: here it is not true yet of each seed, when a device is linked while its account's others work from stale
/// answers.
@Suite("Seeded histories in which devices come and go", .timeLimit(.minutes(10)))
struct RevocationSimulationTests {
    private struct Sent {
        let text: String
        let device: String
    }

    /// Two people write to each other. Requests and answers are lost, deliveries are repeated and reordered, keys are stale, devices
    /// crash between two steps and begin again, days pass, devices are added and revoked, and revoked ones go on.
    private struct History {
        var devices: SimulatedDevices
        var sent: [Sent] = []

        init(seed: UInt64) async throws {
            devices = try SimulatedDevices(
                random: SeededRandom(seed: seed), weather: SeededRandom(seed: seed, part: 1), lossy: 12)
            try await devices.register("ann")
            try await devices.link("ann")
            try await devices.register("bob")
            devices.setWeather(true)
        }

        mutating func step(_ number: Int) async throws {
            guard let name = devices.open.keys.sorted().randomElement(using: &devices.random), let device = devices.open[name] else {
                return
            }
            let action = Int.random(in: 0..<13, using: &devices.random)
            if action < 8, Bool.random(using: &devices.random) {
                devices.crashes[name]?.arm(after: Int.random(in: 0..<25, using: &devices.random))
            }
            switch action {
            case 0..<4: try await send("\(name) \(number)", on: name)
            case 4..<7: _ = try? await device.receive()
            case 7: try await devices.revoke(by: name)
            case 8: try await devices.begin(name)
            case 9: devices.world.time.jump(by: .seconds(Int.random(in: 1...40, using: &devices.random) * 3600))
            case 10: try await devices.link(devices.owners[name] ?? "")
            case 11: try await devices.reorder()
            default: devices.repeatDelivery()
            }
            if devices.crashes[name]?.hasCrashed == true { try await devices.begin(name) }
            devices.crashes[name]?.arm(after: nil)
            try await devices.rememberKeys(of: name)
        }

        mutating func send(_ text: String, on name: String) async throws {
            _ = try? await devices.open[name]?.send(text, to: devices.owners[name] == "ann" ? "bob" : "ann")
            sent.append(Sent(text: text, device: name))
        }

        /// Everything is flushed and fetched, questions are asked and answered.
        func settle() async throws {
            devices.setWeather(false)
            var quietRounds = 0
            for _ in 0..<20 where quietRounds < 3 {
                var waiting = 0
                for (name, device) in devices.open.sorted(by: { $0.key < $1.key }) {
                    guard try await devices.isCertified(name) else {
                        await #expect(throws: MessengerError.notCertified) { try await device.receive() }
                        continue
                    }
                    // What another device was faster than is dropped.
                    do { _ = try await device.receive() } catch MessengerError.invalid {}
                    waiting += try await device.flush()
                    _ = try await device.receive()
                }
                quietRounds = waiting == 0 ? quietRounds + 1 : 0
            }
        }
    }

    @Test(
        "Nothing sealed after a revocation is known opens on the revoked device; nothing is shown twice or with a finding",
        arguments: SimulationSeeds.all)
    func history(seed: UInt64) async throws {
        var history = try await History(seed: seed)
        for number in 1...50 { try await history.step(number) }
        try await history.settle()
        for name in history.devices.open.keys.sorted() { try await history.send("\(name) at last", on: name) }
        try await history.settle()
        let devices = history.devices
        var revoked: Set<String> = []
        for name in devices.open.keys where try await !devices.isCertified(name) { revoked.insert(name) }
        for (name, device) in devices.open where !revoked.contains(name) {
            let received = try await device.unacknowledged(limit: 10_000)
            let texts = Set(received.compactMap(\.text))
            let possible = history.sent.filter { $0.device != name }
            #expect(texts.isSubset(of: possible.map(\.text)), "seed \(seed), \(name)")
            #expect(Set(received.compactMap(\.hash)).count == received.count, "seed \(seed), \(name): shown twice, or not opened")
            for message in received {
                var expected: Set<EnvelopeCheck> = devices.isReordered ? [.gap] : []
                if let sender = possible.first(where: { $0.text == message.text })?.device, revoked.contains(sender) {
                    expected.insert(.device)
                }
                #expect(expected.isSuperset(of: message.findings), "seed \(seed), \(name): \(message.findings) \(message.text ?? "-")")
            }
        }
        let checked = try await devices.checkRevocations("seed \(seed)")
        #expect(revoked.isEmpty || checked > 0, "seed \(seed)")
        await devices.close()
    }
}

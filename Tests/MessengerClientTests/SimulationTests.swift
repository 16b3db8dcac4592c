import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization
import TestSupport
import Testing

@testable import MessengerClient

@Suite("Seeded histories with everything that goes wrong", .timeLimit(.minutes(10)))
struct SimulationTests {
    /// One person on two devices writes with another on one; requests and answers are lost, deliveries are repeated, devices
    /// crash between two steps and begin again, days pass.
    private struct History {
        let world: TestWorld
        var random: SeededRandom
        var devices: [String: Messenger] = [:]
        var crashes: [String: CrashSwitch] = [:]
        var sent: [String: [String]] = ["ann": [], "bob": []]
        /// The device crashed meanwhile: they may have gone out or not.
        var unsure: Set<String> = []

        static let owners = ["phone": "ann", "tablet": "ann", "bob": "bob"]

        init(seed: UInt64) async throws {
            world = try TestWorld()
            random = SeededRandom(seed: seed)
            let ann = try await world.register("ann")
            devices["phone"] = ann.messenger
            devices["tablet"] = try await world.logIn("ann", device: "tablet", recovery: ann.recoverySecret)
            devices["bob"] = try await world.register("bob").messenger
            for name in devices.keys.sorted() { try await begin(name) }
            let faults = Mutex(SeededRandom(seed: seed, part: 1))
            world.server.set { hooks in
                hooks.fault = { _ in
                    faults.withLock { random in random.oneIn(12) ? (random.oneIn(2) ? .loseAnswer : .loseRequest) : .none }
                }
            }
        }

        mutating func step(_ number: Int) async throws {
            guard let name = devices.keys.sorted().randomElement(using: &random), let device = devices[name] else { return }
            let owner = Self.owners[name] ?? ""
            let action = Int.random(in: 0..<10, using: &random)
            if action < 7, Bool.random(using: &random) { crashes[name]?.arm(after: Int.random(in: 0..<25, using: &random)) }
            switch action {
            case 0..<4:
                let text = "\(name) \(number)"
                let isSent = (try? await device.send(text, to: owner == "ann" ? "bob" : "ann")) != nil
                if isSent { sent[owner]?.append(text) } else { unsure.insert(text) }
            case 4..<7: _ = try? await device.receive()
            case 7: try await begin(name)
            case 8: world.time.jump(by: .seconds(Int.random(in: 1...40, using: &random) * 3600))
            default: repeatDelivery()
            }
            if crashes[name]?.hasCrashed == true { try await begin(name) }
            crashes[name]?.arm(after: nil)
        }

        /// Closes a device and opens its store as a client that may crash.
        private mutating func begin(_ name: String) async throws {
            await devices[name]?.close()
            let crash = CrashSwitch()
            crashes[name] = crash
            devices[name] = try await world.open(name == "phone" ? "ann" : name, crash: crash)
        }

        /// The server delivers an old message once more.
        private mutating func repeatDelivery() {
            guard let users = Optional(world.server.state.withLock { $0.users }),
                let user = users.values.sorted(by: { $0.id < $1.id }).randomElement(using: &random),
                let old = user.inbox.randomElement(using: &random), let sender = users[old.senderID]
            else { return }
            world.server.state.withLock { $0.deliver(old.message, from: sender, to: user.id) }
        }

        /// Faults end, everything is flushed and fetched, questions are asked and answered.
        func settle() async throws {
            world.server.set { $0.fault = { _ in .none } }
            var quietRounds = 0
            for _ in 0..<20 where quietRounds < 3 {
                var waiting = 0
                for device in devices.values {
                    waiting += try await device.flush()
                    _ = try await device.receive()
                }
                quietRounds = waiting == 0 ? quietRounds + 1 : 0
            }
        }
    }

    @Test("No entitled device misses a message, none shows one twice or with a finding", arguments: 1...60 as ClosedRange<UInt64>)
    func history(seed: UInt64) async throws {
        var history = try await History(seed: seed)
        for number in 0..<40 { try await history.step(number) }
        try await history.settle()
        for (name, device) in history.devices {
            let received = try await device.unacknowledged(limit: 10_000)
            let mine = Set(received.filter { !$0.isFromMe }.compactMap(\.text))
            let owner = History.owners[name] ?? ""
            let expected = history.sent[owner == "ann" ? "bob" : "ann"] ?? []
            #expect(mine.subtracting(history.unsure) == Set(expected), "seed \(seed), \(name)")
            #expect(Set(received.compactMap(\.hash)).count == received.count, "seed \(seed), \(name): shown twice")
            #expect(received.allSatisfy { $0.findings.isEmpty }, "seed \(seed), \(name): \(received.map(\.findings))")
        }
        for device in history.devices.values { await device.close() }
    }
}

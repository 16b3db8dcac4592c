import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization
import TestSupport
import Testing

@testable import MessengerClient

@Suite("Seeded histories of a group with everything that goes wrong", .timeLimit(.minutes(10)))
struct GroupSimulationTests {
    private struct Sent {
        let text: String
        let author: String
        /// Who was in the group as the sender knew it.
        let members: Set<AccountID>
    }

    /// Four people on five devices write in a group and change it, several at once; requests and answers are lost, deliveries are
    /// repeated, devices stop and begin again, days pass.
    private struct History {
        static let owners = ["ann": "ann", "tablet": "ann", "bob": "bob", "eve": "eve", "dan": "dan"]

        let world: TestWorld
        let group: ConversationID
        var random: SeededRandom
        var devices: [String: Messenger] = [:]
        var accounts: [String: AccountID] = [:]
        var sent: [Sent] = []

        init(seed: UInt64) async throws {
            world = try TestWorld()
            random = SeededRandom(seed: seed, part: 7)
            let ann = try await world.register("ann")
            devices["ann"] = ann.messenger
            devices["tablet"] = try await world.logIn("ann", device: "tablet", recovery: ann.recoverySecret)
            for name in ["bob", "eve", "dan"] { devices[name] = try await world.register(name).messenger }
            for (name, device) in devices { accounts[Self.owners[name] ?? ""] = try device.parts.profile.certifiedAccount() }
            group = try await ann.messenger.createGroup("Lake", members: ["bob", "eve"]).id
            _ = try await ann.messenger.setRole(.admin, of: "bob", in: group)
            for device in devices.values { _ = try await device.receive() }
            let faults = Mutex(SeededRandom(seed: seed, part: 8))
            world.server.set { hooks in
                hooks.fault = { _ in
                    faults.withLock { random in random.oneIn(16) ? (random.oneIn(2) ? .loseAnswer : .loseRequest) : .none }
                }
            }
        }

        mutating func step(_ number: Int) async throws {
            guard let name = devices.keys.sorted().randomElement(using: &random), let device = devices[name] else { return }
            switch Int.random(in: 0..<14, using: &random) {
            case 0..<5: try await say("\(name) \(number)", on: name)
            case 5..<9: _ = try? await device.receive()
            case 9..<11: try? await change(device)
            case 11:
                await device.close()
                devices[name] = try await Messenger.open(world.location(name), configuration: world.configuration)
            case 12: world.time.jump(by: .seconds(Int.random(in: 1...40, using: &random) * 3600))
            default: repeatDelivery()
            }
        }

        mutating func say(_ text: String, on name: String) async throws {
            guard let device = devices[name], let state = try await device.parts.store.group(group)?.state else { return }
            let isEnqueued = (try? await device.send(text, in: group)) != nil
            guard isEnqueued else { return }
            sent.append(Sent(text: text, author: Self.owners[name] ?? "", members: Set(state.members.map(\.account))))
        }

        private mutating func change(_ device: Messenger) async throws {
            let other = ["ann", "bob", "eve", "dan"].randomElement(using: &random) ?? "dan"
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<3: _ = try await device.add(other, to: group, as: random.oneIn(2) ? .admin : .member)
            case 3..<6: _ = try await device.remove(other, from: group)
            case 6: _ = try await device.setRole(random.oneIn(2) ? .admin : .member, of: other, in: group)
            default: try await device.leave(group)
            }
        }

        private mutating func repeatDelivery() {
            let users = world.server.state.withLock { $0.users }
            guard let user = users.values.sorted(by: { $0.id < $1.id }).randomElement(using: &random),
                let old = user.inbox.randomElement(using: &random), let sender = users[old.senderID]
            else { return }
            world.server.state.withLock { $0.deliver(old.message, from: sender, to: user.id) }
        }

        /// Everything is flushed and fetched, questions are asked and answered.
        func settle() async throws {
            world.server.set { $0.fault = { _ in .none } }
            var quietRounds = 0
            for _ in 0..<40 where quietRounds < 2 {
                world.time.jump(by: .seconds(61))
                var isQuiet = true
                for device in devices.values {
                    if try await device.flush() > 0 { isQuiet = false }
                    if try await device.receive() > 0 { isQuiet = false }
                }
                quietRounds = isQuiet ? quietRounds + 1 : 0
            }
            #expect(quietRounds == 2, "it comes to rest")
        }

        /// What all changes that anybody has make of the group.
        func truth() async throws -> GroupRecord? {
            var all: [Signed<GroupChange>] = []
            for device in devices.values { all += try await device.parts.store.groupRecord(group)?.ordered ?? [] }
            return GroupRecord(id: group, changes: all)
        }

        /// Those who were there from the beginning, and whom no change ever took out.
        func faithful(_ truth: GroupRecord) -> Set<AccountID> {
            var left: Set<AccountID> = []
            for change in truth.changes.values.map(\.object) {
                switch change.action {
                case .remove(let account): left.insert(account)
                case .leave: left.insert(change.author)
                default: break
                }
            }
            let first = truth.ordered.first?.object.members ?? []
            return Set(first.map(\.account)).subtracting(left)
        }
    }

    @Test(
        "All come to one state; nobody misses what he is to read, nobody reads what he is not",
        arguments: 1...60 as ClosedRange<UInt64>)
    func history(seed: UInt64) async throws {
        var history = try await History(seed: seed)
        for number in 0..<60 { try await history.step(number) }
        try await history.settle()
        for name in history.devices.keys.sorted() { try await history.say("\(name) at last", on: name) }
        try await history.settle()
        let truth = try #require(try await history.truth())
        let faithful = history.faithful(truth)
        for (name, device) in history.devices {
            let account = try #require(history.accounts[History.owners[name] ?? ""])
            let received = try await device.unacknowledged(limit: 10_000)
            let texts = Set(received.compactMap(\.text))
            if truth.state.role(of: account) != nil {
                #expect(try await device.parts.store.group(history.group)?.state == truth.state, "seed \(seed), \(name)")
            }
            for sent in history.sent where sent.author != History.owners[name] {
                if !sent.members.contains(account) { #expect(!texts.contains(sent.text), "seed \(seed), \(name): \(sent.text)") }
                if sent.members.contains(account), faithful.contains(account),
                    faithful.contains(history.accounts[sent.author] ?? .zero)
                {
                    #expect(texts.contains(sent.text), "seed \(seed), \(name) misses \(sent.text)")
                }
            }
            #expect(Set(received.compactMap(\.hash)).count == received.count, "seed \(seed), \(name): shown twice")
            guard faithful.contains(account) else { continue }
            for message in received where faithful.contains(history.accounts[message.sender] ?? .zero) {
                #expect(message.findings.isEmpty, "seed \(seed), \(name): \(message.findings) \(message.text ?? "-")")
            }
        }
        for device in history.devices.values { await device.close() }
    }
}

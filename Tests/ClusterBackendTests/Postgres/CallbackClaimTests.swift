import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Callbacks of many processes", .timeLimit(.minutes(1)))
struct CallbackClaimTests {
    @Test("Two senders share what is due, and never have the same device at once")
    func share() async throws {
        try await TestDatabase.run { database in
            try await database.withBackend(node: NodeID(1)) { one in
                try await database.withBackend(node: NodeID(2)) { two in
                    let accounts = try await (0..<60).asyncMap { try await TestAccount.make(one, address: "a:\($0 + 1)") }
                    for round in 0..<10 {
                        _ = try await one.append([accounts[0].submission("\(round)", to: accounts.map(\.user))])
                        async let first = one.callbacksDue(of: accounts.shuffled().map(\.user))
                        async let second = two.callbacksDue(of: round % 2 == 0 ? nil : accounts.shuffled().map(\.user))
                        let (byOne, byTwo) = (Set(try await first.map(\.device)), Set(try await second.map(\.device)))
                        #expect(byOne.isDisjoint(with: byTwo))
                        #expect(byOne.union(byTwo).count == 60)
                        for account in accounts {
                            let targets = [
                                try await one.callbackTarget(of: account.device),
                                try await two.callbackTarget(of: account.device),
                            ]
                            #expect(targets.compactMap { $0 }.count == 1)
                            try await account.acknowledge(Int64(round + 1), on: one)
                        }
                        #expect(try await one.callbacksDue(of: nil) + two.callbacksDue(of: nil) == [])
                        #expect(try await one.sql("SELECT count(*) FROM callbacks_due") == 0)
                    }
                }
            }
        }
    }

    @Test("Whatever comes and goes at once, what a device has not got is pushed to it in the end", arguments: 0..<3)
    func nothingForgotten(seed: Int) async throws {
        try await TestDatabase.run { database in
            try await database.withBackend(node: NodeID(1)) { one in
                try await database.withBackend(node: NodeID(2)) { two in
                    let accounts = try await (0..<5).asyncMap { try await TestAccount.make(one, address: "a:\($0 + 1)") }
                    await withTaskGroup(of: Void.self) { tasks in
                        for worker in 0..<10 {
                            tasks.addTask {
                                var random = SeededRandom(seed: UInt64(seed), part: worker)
                                for _ in 0..<40 {
                                    await Self.act(on: worker % 2 == 0 ? one : two, accounts, &random)
                                }
                            }
                        }
                    }
                    #expect(try await one.numbers(ContentionTests.missingCallbacks) == [])
                    var waiting = accounts.count
                    for _ in 0..<200 where waiting > 0 {
                        for backend in [one, two] { try await Self.push(backend, accounts) }
                        waiting = try await accounts.asyncMap { try await $0.numbers(one)?.count ?? 0 }.count { $0 > 0 }
                    }
                    #expect(waiting == 0)
                }
            }
        }
    }

    private static func act(on backend: PostgresBackend, _ accounts: [TestAccount], _ random: inout SeededRandom) async {
        let account = accounts.randomElement(using: &random)!
        do {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: try await account.send("text", to: accounts.filter { _ in random.oneIn(2) }.map(\.user), on: backend)
            case 4..<6: try await push(backend, accounts)
            case 6..<8:
                if let attachment = try await backend.attach(account.session) {
                    if random.oneIn(2) { try await account.acknowledge(1, on: backend) }
                    await backend.detach(attachment)
                }
            default: _ = try await backend.callbacksDue(of: [account.user])
            }
        } catch {
            Issue.record(error)
        }
    }

    /// As a sender does: what is due is fetched and acknowledged.
    private static func push(_ backend: PostgresBackend, _ accounts: [TestAccount]) async throws {
        for due in try await backend.callbacksDue(of: nil) {
            guard let account = accounts.first(where: { $0.device == due.device }),
                try await backend.callbackTarget(of: due.device) != nil, backend.turns.begin(due.device),
                let number = try await account.numbers(backend)?.first
            else { continue }
            try await account.acknowledge(number, on: backend)
        }
    }
}

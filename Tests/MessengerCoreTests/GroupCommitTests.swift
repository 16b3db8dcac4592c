import Synchronization
import TestSupport
import Testing

@testable import MessengerCore

@Suite("Group commit", .timeLimit(.minutes(1)))
struct GroupCommitTests {
    /// Commits when the test says so, and keeps what it was given.
    private actor Disk {
        private(set) var batches: [[Int]] = []
        private var gates: [CheckedContinuation<Void, Never>] = []
        private(set) var isOpen: Bool

        init(isOpen: Bool = false) { self.isOpen = isOpen }

        func commit(_ items: [Int]) async {
            batches.append(items)
            if !isOpen { await withCheckedContinuation { gates.append($0) } }
        }

        func open() {
            isOpen = true
            for gate in gates { gate.resume() }
            gates = []
        }
    }

    @Test("What arrives during a commit shares the next one, in order and within the bounds")
    func sharing() async throws {
        let disk = Disk()
        let group = GroupCommit<Int, Int>(maximumItems: 4, maximumBytes: 100, size: { $0 }) { items in
            await disk.commit(items)
            return items.map { $0 * 10 }
        }
        let results = try await withThrowingTaskGroup(of: Int.self) { tasks in
            tasks.addTask { try await group.submit(1) }
            try await eventually("the first commits alone") { await disk.batches == [[1]] }
            for (place, item) in [2, 3, 4, 5, 6, 200, 7].enumerated() {
                tasks.addTask { try await group.submit(item) }
                try await eventually("it waits") { await group.waitingCount == place + 1 }
            }
            await disk.open()
            return try await tasks.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(results.sorted() == [10, 20, 30, 40, 50, 60, 70, 2_000])
        // Four at most; after the item of 200 bytes nothing more fits.
        #expect(await disk.batches == [[1], [2, 3, 4, 5], [6, 200], [7]])
    }

    /// The first alone, then a batch of three, behind which comes a pause.
    private func pausing(_ spacing: Duration, _ disk: Disk) async throws -> GroupCommit<Int, Int> {
        let group = GroupCommit<Int, Int>(maximumItems: 100, spacing: { spacing }) { items in
            await disk.commit(items)
            return items
        }
        for item in 1...4 {
            group.submit(item) { _ in }
            try await eventually("\(item)") { await disk.batches == [[1]] && group.waitingCount == item - 1 }
        }
        await disk.open()
        try await eventually("the shared batch") { await disk.batches == [[1], [2, 3, 4]] }
        return group
    }

    @Test("The pause behind a shared batch ends when as much waits as was shared")
    func enough() async throws {
        let disk = Disk()
        let group = try await pausing(.seconds(3_600), disk)
        for item in 5...7 {
            #expect(await disk.batches.count == 2)
            group.submit(item) { _ in }
        }
        try await eventually("the next batch") { await disk.batches == [[1], [2, 3, 4], [5, 6, 7]] }
    }

    @Test("The pause behind a shared batch ends in time when less comes")
    func pauseEnds() async throws {
        let disk = Disk()
        let group = try await pausing(.milliseconds(20), disk)
        #expect(try await group.submit(5) == 5)
        #expect(await disk.batches == [[1], [2, 3, 4], [5]])
    }

    @Test("When a batch fails, each member runs once alone")
    func failure() async throws {
        struct Bad: Error {}
        let disk = Disk()
        let group = GroupCommit<Int, Int>(maximumItems: 100) { items in
            await disk.commit(items)
            if items.contains(13) { throw Bad() }
            return items
        }
        let failed = try await withThrowingTaskGroup(of: Int?.self) { tasks in
            tasks.addTask { try await group.submit(0) }
            try await eventually("the first commits alone") { await disk.batches.count == 1 }
            for item in [12, 13, 14] {
                tasks.addTask {
                    do {
                        _ = try await group.submit(item)
                        return nil
                    } catch is Bad {
                        return item
                    }
                }
            }
            try await eventually("they wait") { await group.waitingCount == 3 }
            await disk.open()
            return try await tasks.reduce(into: [Int]()) { if let item = $1, item != 0 { $0.append(item) } }
        }
        #expect(failed == [13])
        #expect(Set(await disk.batches.dropFirst(2)) == [[12], [13], [14]])
    }

    @Test("A commit without an answer is never run again: everyone who waited is told")
    func unknownOutcome() async throws {
        let disk = Disk()
        let group = GroupCommit<Int, Int>(maximumItems: 100) { items in
            await disk.commit(items)
            throw StoreError.outcomeUnknown("cut")
        }
        await withTaskGroup(of: Bool.self) { tasks in
            for item in 0..<20 {
                tasks.addTask {
                    do {
                        _ = try await group.submit(item)
                        return false
                    } catch {
                        return error as? StoreError == .outcomeUnknown("cut")
                    }
                }
            }
            await disk.open()
            for await isTold in tasks { #expect(isTold) }
        }
        #expect(await disk.batches.flatMap(\.self).sorted() == Array(0..<20))
    }

    @Test("A caller that is cancelled stops nobody's commit")
    func cancellation() async throws {
        let disk = Disk()
        let group = GroupCommit<Int, Int>(maximumItems: 2) { items in
            await disk.commit(items)
            return items
        }
        let first = Task { try await group.submit(1) }
        try await eventually("the first commits") { await disk.batches.count == 1 }
        let second = Task { try await group.submit(2) }
        let third = Task { try await group.submit(3) }
        try await eventually("two wait") { await group.waitingCount == 2 }
        second.cancel()
        first.cancel()
        await disk.open()
        #expect(try await [first.value, second.value, third.value] == [1, 2, 3])
        #expect(try await group.submit(4) == 4)
    }
}

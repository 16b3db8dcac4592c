/// Lets work that arrives together share one commit.
///
/// Alone, an item is committed at once, with no added wait. While a commit is under way, new items wait; whoever is
/// first in line then takes what waits, up to the bounds, as the next batch. When a batch fails as a whole, each member
/// runs once alone, so that one bad item harms no other; but never after `StoreError.outcomeUnknown`, since the batch
/// may be on disk.
///
/// There is no task of its own: the first waiter commits for the others and hands the lead on.
public actor GroupCommit<Item: Sendable, Outcome: Sendable> {
    private enum Turn: Sendable {
        case finished(Result<Outcome, any Error>)
        case lead
    }

    private struct Waiter {
        let item: Item
        let continuation: CheckedContinuation<Turn, Never>
    }

    private let maximumItems: Int
    private let maximumBytes: Int
    private let size: @Sendable (Item) -> Int
    private let commit: @Sendable ([Item]) async throws -> [Outcome]

    private var waiting: [Waiter] = []
    private var hasLeader = false

    /// - Parameters:
    ///   - maximumItems: the most items in one batch.
    ///   - maximumBytes: a batch takes no further item once it holds this much.
    ///   - size: the bytes of an item.
    ///   - commit: writes the items in their order and returns one outcome for each, in the same order.
    public init(
        maximumItems: Int, maximumBytes: Int = .max, size: @escaping @Sendable (Item) -> Int = { _ in 0 },
        commit: @escaping @Sendable ([Item]) async throws -> [Outcome]
    ) {
        self.maximumItems = maximumItems
        self.maximumBytes = maximumBytes
        self.size = size
        self.commit = commit
    }

    /// Returns when the item's commit is done. Cancelling the caller changes nothing: its item is committed with others'.
    public func submit(_ item: Item) async throws -> Outcome {
        if hasLeader {
            let turn = await withCheckedContinuation { waiting.append(Waiter(item: item, continuation: $0)) }
            if case .finished(let result) = turn { return try result.get() }
        }
        hasLeader = true

        let others = takeBatch(besides: item)
        let results = await run([item] + others.map(\.item))
        for (other, result) in zip(others, results.dropFirst()) { other.continuation.resume(returning: .finished(result)) }

        if waiting.isEmpty {
            hasLeader = false
        } else {
            waiting.removeFirst().continuation.resume(returning: .lead)
        }
        return try results[0].get()
    }

    /// How many items wait for their commit.
    var waitingCount: Int { waiting.count }

    private func takeBatch(besides first: Item) -> [Waiter] {
        var bytes = size(first)
        var count = 0
        while count < waiting.count, count + 1 < maximumItems, bytes < maximumBytes {
            bytes += size(waiting[count].item)
            count += 1
        }
        defer { waiting.removeFirst(count) }
        return Array(waiting.prefix(count))
    }

    private func run(_ items: [Item]) async -> [Result<Outcome, any Error>] {
        do {
            return try await commit(items).map { .success($0) }
        } catch let error as StoreError where error.leavesOutcomeUnknown {
            return items.map { _ in .failure(error) }
        } catch {
            guard items.count > 1 else { return [.failure(error)] }
            var results: [Result<Outcome, any Error>] = []
            for item in items { results += await run([item]) }
            return results
        }
    }
}

extension StoreError {
    var leavesOutcomeUnknown: Bool {
        if case .outcomeUnknown = self { true } else { false }
    }
}

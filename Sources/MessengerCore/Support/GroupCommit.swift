import DequeModule
import Synchronization

/// Lets work that arrives together share one commit.
///
/// Alone, an item is committed at once, with no added wait. While a commit is under way, new items wait; what waits, up to
/// the bounds, is then the next batch. When a batch fails as a whole, each member runs once alone, so that one bad item
/// harms no other; but never after `StoreError.outcomeUnknown`, since the batch may be on disk, and not when the store is
/// unreachable, since it is so for all.
///
/// Where a commit costs much, such as by a network, more work can share it: after a batch that was shared, the next starts
/// `spacing` after it did. What comes alone never waits for that.
///
/// One commit at a time, so items are committed in the order of their submission. There is a task only while there is work.
public final class GroupCommit<Item: Sendable, Outcome: Sendable>: Sendable {
    public typealias Completion = @Sendable (Result<Outcome, any Error>) -> Void

    private struct Waiter {
        let item: Item
        let completion: Completion
    }

    private struct State {
        var waiting: Deque<Waiter> = []
        var isCommitting = false
    }

    private let maximumItems: Int
    private let maximumBytes: Int
    private let size: @Sendable (Item) -> Int
    private let spacing: @Sendable () -> Duration
    private let executor: (any TaskExecutor)?
    private let commit: @Sendable ([Item]) async throws -> [Outcome]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximumItems: the most items in one batch.
    ///   - maximumBytes: a batch takes no further item once it holds this much.
    ///   - size: the bytes of an item.
    ///   - spacing: from the start of a shared batch to that of the next.
    ///   - executor: where `commit` does its work; the task stays there between two batches.
    ///   - commit: writes the items in their order and returns one outcome for each, in the same order.
    public init(
        maximumItems: Int, maximumBytes: Int = .max, size: @escaping @Sendable (Item) -> Int = { _ in 0 },
        spacing: @escaping @Sendable () -> Duration = { .zero }, executor: (any TaskExecutor)? = nil,
        commit: @escaping @Sendable ([Item]) async throws -> [Outcome]
    ) {
        self.maximumItems = maximumItems
        self.maximumBytes = maximumBytes
        self.size = size
        self.spacing = spacing
        self.executor = executor
        self.commit = commit
    }

    /// Calls back when the item's commit is done, on the committing task: it must be quick.
    public func submit(_ item: Item, completion: @escaping Completion) {
        let starts = state.withLock { state in
            state.waiting.append(Waiter(item: item, completion: completion))
            defer { state.isCommitting = true }
            return !state.isCommitting
        }
        if starts { Task(executorPreference: executor) { await self.commitWhatWaits() } }
    }

    /// Returns when the item's commit is done. Cancelling the caller changes nothing: its item is committed with others'.
    public func submit(_ item: Item) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            submit(item) { continuation.resume(with: $0) }
        }
    }

    /// How many items wait for their commit.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    private func commitWhatWaits() async {
        var earliest = ContinuousClock.now
        while true {
            if earliest > .now { try? await Task.sleep(until: earliest) }
            guard let batch = takeBatch() else { return }
            earliest = batch.count > 1 ? .now + spacing() : .now
            for (waiter, result) in zip(batch, await run(batch.map(\.item))) { waiter.completion(result) }
        }
    }

    private func takeBatch() -> [Waiter]? {
        state.withLock { state in
            var batch: [Waiter] = []
            var bytes = 0
            while batch.count < maximumItems, bytes < maximumBytes, let waiter = state.waiting.popFirst() {
                bytes += size(waiter.item)
                batch.append(waiter)
            }
            state.isCommitting = !batch.isEmpty
            return batch.isEmpty ? nil : batch
        }
    }

    private func run(_ items: [Item]) async -> [Result<Outcome, any Error>] {
        do {
            return try await commit(items).map { .success($0) }
        } catch let error as StoreError where error.concernsAll {
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

    fileprivate var concernsAll: Bool {
        if case .unreachable = self { true } else { leavesOutcomeUnknown }
    }
}

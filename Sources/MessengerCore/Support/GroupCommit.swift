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
/// `spacing` after it did, or as soon as there is as much to share as lately. What comes alone never waits for that.
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
        var pause: Pause?

        /// The pause, if enough waits to end it.
        mutating func takePause() -> Pause? {
            guard let pause, waiting.count >= pause.enough else { return nil }
            self.pause = nil
            return pause
        }
    }

    /// Between two batches.
    private struct Pause {
        /// So many waiters end it.
        let enough: Int
        let end: CheckedContinuation<Void, Never>
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
    ///   - spacing: from the start of a shared batch to that of the next, at most.
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
        let (starts, pause) = state.withLock { state in
            state.waiting.append(Waiter(item: item, completion: completion))
            defer { state.isCommitting = true }
            return (!state.isCommitting, state.takePause())
        }
        pause?.end.resume()
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
        var usual = 1
        while let batch = takeBatch() {
            let next = ContinuousClock.now + spacing()
            // It shrinks slowly: a batch that happened to be small does not make all that follow so.
            usual = max(batch.count, usual - max(usual / 8, 1))
            for (waiter, result) in zip(batch, await run(batch.map(\.item))) { waiter.completion(result) }
            if batch.count > 1 { await pause(until: next, orFor: usual) }
        }
    }

    private func pause(until end: ContinuousClock.Instant, orFor count: Int) async {
        guard end > .now else { return }
        let timer = Task {
            if (try? await Task.sleep(until: end)) != nil { state.withLock { $0.pause.take() }?.end.resume() }
        }
        await withCheckedContinuation { continuation in
            let isEnough = state.withLock { state in
                guard end > .now, state.waiting.count < count else { return true }
                state.pause = Pause(enough: count, end: continuation)
                return false
            }
            if isEnough { continuation.resume() }
        }
        timer.cancel()
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
    /// Whether what was written may be on disk all the same.
    public var leavesOutcomeUnknown: Bool {
        if case .outcomeUnknown = self { true } else { false }
    }

    fileprivate var concernsAll: Bool {
        if case .unreachable = self { true } else { leavesOutcomeUnknown }
    }
}

import GRDB
import MessengerCore
import Synchronization

/// Lets transactions that wait at the same time share one commit: messages and acknowledgements are on disk with one sync, and
/// neither waits for the other's turn.
///
/// Each sees what those before it wrote, and one that fails is undone alone. When they fail together, and nothing was
/// committed, each runs once more by itself.
final class SharedCommit: Sendable {
    /// So many at most: what comes later does not delay what came first for long.
    private static let maximumTransactions = 16

    /// One transaction that waits.
    private struct Waiter: Sendable {
        /// Does the work and keeps its result.
        let work: @Sendable (Database) throws -> Void
        /// Gives out the result, or the error in place of it.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var waiting: [Waiter] = []
        var isScheduled = false
    }

    private let pool: DatabasePool
    private let writer: WriterExecutor
    private let state = Mutex(State())

    init(_ pool: DatabasePool, on writer: WriterExecutor) {
        self.pool = pool
        self.writer = writer
    }

    /// One transaction, on disk when it returns. `body` may be run twice; it does nothing but read and write the database.
    /// Throws what `body` throws, with SQLite's own errors as `StoreError`. Not interrupted by cancellation.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = Mutex<Value?>(nil)
            let waiter = Waiter(
                work: { db in
                    let value = try body(db)
                    result.withLock { $0 = value }
                },
                finish: { error in
                    continuation.resume(with: error.map { .failure($0) } ?? .success(result.withLock { $0! }))
                })
            let schedules = state.withLock { state in
                state.waiting.append(waiter)
                defer { state.isScheduled = true }
                return !state.isScheduled
            }
            if schedules { writer.run { self.commitWhatWaits() } }
        }
    }

    /// One commit. The next one takes its turn behind those who waited for this: what they write next can be in it.
    private func commitWhatWaits() {
        let waiters = state.withLock { state in
            defer { state.waiting.removeFirst(min(state.waiting.count, Self.maximumTransactions)) }
            return Array(state.waiting.prefix(Self.maximumTransactions))
        }
        for (waiter, error) in zip(waiters, commit(waiters)) { waiter.finish(error) }
        let continues = state.withLock { state in
            state.isScheduled = !state.waiting.isEmpty
            return state.isScheduled
        }
        if continues { writer.run { self.commitWhatWaits() } }
    }

    /// What went wrong with each.
    private func commit(_ waiters: [Waiter]) -> [(any Error)?] {
        do {
            return try pool.writeWithoutTransaction { db in
                try Self.transact(db) {
                    if waiters.count == 1 {
                        try waiters[0].work(db)
                        return [nil]
                    }
                    return try waiters.map { try Self.attempt($0, db) }
                }
            }
        } catch let error as StoreError where error.leavesOutcomeUnknown {
            return waiters.map { _ in error }
        } catch {
            return waiters.count == 1 ? [error] : waiters.flatMap { commit([$0]) }
        }
    }

    /// Undoes it alone when it fails; throws when that is not possible.
    private static func attempt(_ waiter: Waiter, _ db: Database) throws -> (any Error)? {
        var failure: (any Error)?
        try db.inSavepoint {
            do {
                try waiter.work(db)
                return .commit
            } catch {
                // SQLite has undone everything.
                guard db.isInsideTransaction else { throw error }
                failure = error
                return .rollback
            }
        }
        return failure.map(StoreError.translating)
    }

    private static func transact<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
        let value: Value
        do {
            try db.execute(cachedSQL: "BEGIN IMMEDIATE")
            value = try body()
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
            throw StoreError.translating(error)
        }
        do {
            try db.execute(cachedSQL: "COMMIT")
            return value
        } catch let error as DatabaseError {
            if db.isInsideTransaction { try? db.rollback() }
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_FULL: throw StoreError.translating(error)
            default: throw StoreError.outcomeUnknown("\(error.resultCode): \(error.message ?? "")")
            }
        }
    }
}

extension StoreError {
    /// SQLite's own errors as a store's; others as they are.
    static func translating(_ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        if error.resultCode == .SQLITE_FULL { return StoreError.full }
        return StoreError.unavailable("\(error.resultCode): \(error.message ?? "")")
    }
}

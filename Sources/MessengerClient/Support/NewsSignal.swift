import Synchronization

/// Says that there is news, to all who wait for it. News that come before the wait begins are not missed, since whoever
/// waits says what it has seen.
final class NewsSignal: Sendable {
    private struct State {
        var version = 0
        var failure: MessengerError?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    var version: Int { state.withLock { $0.version } }
    /// Why there will be no more; nil while there may be.
    var failure: MessengerError? { state.withLock { $0.failure } }

    func raise() { wake { $0.version += 1 } }

    /// The first failure stays.
    func end(_ failure: MessengerError) { wake { $0.failure = $0.failure ?? failure } }

    /// After `end`, for another beginning.
    func reset() { state.withLock { $0.failure = nil } }

    /// Returns when there is newer news than `seen`, at the end, or when the task is cancelled.
    func wait(after seen: Int) async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.version > seen || state.failure != nil || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            defer { state.waiters = [:] }
            return state.waiters.values.map { $0 }
        }
        for waiter in waiters { waiter.resume() }
    }
}

import MessengerAPI
import Synchronization

/// What reaches the dispatcher, collected until it looks: equal hints as one, so that it is bounded by the number of
/// users and devices.
public final class CallbackMailbox: Sendable {
    struct Batch: Sendable {
        var users: Set<UserID> = []
        var all = false
        var tryNow: Set<DeviceID> = []
        var finished: [(device: DeviceID, result: CallbackSchedule.Result)] = []
        var rested: [(device: DeviceID, ticket: Int)] = []

        /// Whether it speaks of several users or devices.
        var isShared: Bool { users.count + finished.count > 1 }
        var isEmpty: Bool { users.isEmpty && !all && tryNow.isEmpty && finished.isEmpty && rested.isEmpty }
    }

    private struct State {
        var batch = Batch()
        var isClosed = false
        var listener: CheckedContinuation<Batch?, Never>?
    }

    private let state = Mutex(State())

    public init() {}

    /// These inboxes have news.
    public func news(_ users: some Sequence<UserID> & Sendable) { add { $0.users.formUnion(users) } }

    /// The device gave a sign: it logged in, fetched, or its stream began or ended.
    public func sign(of device: DeviceID, _ user: UserID) {
        add {
            $0.users.insert(user)
            $0.tryNow.insert(device)
        }
    }

    /// These devices gave a sign somewhere else.
    public func tryNow(_ devices: some Sequence<DeviceID> & Sendable) { add { $0.tryNow.formUnion(devices) } }

    /// Every inbox may have news.
    public func look() { add { $0.all = true } }

    func add(_ change: (inout Batch) -> Void) {
        let resumption = state.withLock { state -> (CheckedContinuation<Batch?, Never>, Batch)? in
            change(&state.batch)
            guard let listener = state.listener else { return nil }
            state.listener = nil
            defer { state.batch = Batch() }
            return (listener, state.batch)
        }
        if let (listener, batch) = resumption { listener.resume(returning: batch) }
    }

    /// Everything since the last look; waits while there is nothing. Nil once cancelled. One listener at a time.
    func next() async -> Batch? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Batch?? in
                    if state.isClosed { return .some(nil) }
                    if state.batch.isEmpty {
                        state.listener = continuation
                        return nil
                    }
                    defer { state.batch = Batch() }
                    return .some(state.batch)
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let listener = state.withLock { state in
                state.isClosed = true
                defer { state.listener = nil }
                return state.listener
            }
            listener?.resume(returning: nil)
        }
    }
}

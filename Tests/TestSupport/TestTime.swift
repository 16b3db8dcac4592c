import MessengerCore
import Synchronization

/// A clock that stands still until a test moves it. Sleepers wake when it passes their time.
public final class TestTime: Sendable {
    private struct Sleeper {
        let id: Int
        let until: Duration
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var wall = Timestamp(milliseconds: 1_800_000_000_000)
        var uptime = Duration.seconds(1_000)
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var lastID = 0
    }

    private let state = Mutex(State())

    public init() {}

    public var source: TimeSource {
        TimeSource(now: { self.now }, uptime: { self.state.withLock { $0.uptime } }, sleep: { try await self.sleep($0) })
    }

    public var now: Timestamp { state.withLock { $0.wall } }
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves both clocks; whoever sleeps no further than that wakes.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.wall = state.wall + duration
            state.uptime += duration
            let woken = state.sleepers.filter { $0.until <= state.uptime }
            state.sleepers.removeAll { $0.until <= state.uptime }
            return woken
        }
        for sleeper in woken { sleeper.continuation.resume(returning: true) }
    }

    /// Moves the wall clock alone, as an operator or a bad time server does.
    public func jump(by duration: Duration) { state.withLock { $0.wall = $0.wall + duration } }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let hasSlept = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ended = state.withLock { state -> Bool? in
                    if state.cancelled.remove(id) != nil { return false }
                    if duration <= .zero { return true }
                    state.sleepers.append(Sleeper(id: id, until: state.uptime + duration, continuation: continuation))
                    return nil
                }
                if let ended { continuation.resume(returning: ended) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(returning: false)
        }
        if !hasSlept { throw CancellationError() }
    }
}

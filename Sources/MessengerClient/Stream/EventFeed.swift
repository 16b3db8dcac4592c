import Synchronization

/// Gives events to everybody who listens. Who is slow misses the oldest.
final class EventFeed: Sendable {
    private static let kept = 256

    private struct State {
        var listeners: [Int: AsyncStream<ConnectionEvent>.Continuation] = [:]
        var lastID = 0
        var isOver = false
    }

    private let state = Mutex(State())

    func listen() -> AsyncStream<ConnectionEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ConnectionEvent.self, bufferingPolicy: .bufferingNewest(Self.kept))
        let id = state.withLock { state -> Int? in
            guard !state.isOver else { return nil }
            state.lastID += 1
            state.listeners[state.lastID] = continuation
            return state.lastID
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.forget(id) }
        return stream
    }

    func send(_ event: ConnectionEvent) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(event) }
    }

    func end() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isOver = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }

    private func forget(_ id: Int) { state.withLock { $0.listeners[id] = nil } }
}

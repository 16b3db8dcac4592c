/// How often something may be done: `burst` times at once, then once in each `interval`. What is kept of it is one time,
/// that at which nothing of it is used any more.
public struct Allowance: Sendable {
    public let burst: Int
    public let interval: Duration

    public init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    public enum Outcome: Equatable, Sendable {
        case taken(freeAt: Timestamp)
        case refused(retryAfter: Duration)
    }

    /// - Parameter freeAt: what was kept; nil when it was never used.
    public func take(freeAt: Timestamp?, now: Timestamp) -> Outcome {
        let next = max(freeAt ?? now, now) + interval
        let excess = (next - now) - interval * burst
        return excess > .zero ? .refused(retryAfter: excess) : .taken(freeAt: next)
    }
}

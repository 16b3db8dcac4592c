#if canImport(Glibc)
    import Glibc
#endif

/// The clocks that the server reads; tests bring their own.
public struct TimeSource: Sendable {
    /// The wall clock; it may jump.
    public var now: @Sendable () -> Timestamp
    /// The monotonic clock, from an arbitrary start.
    public var uptime: @Sendable () -> Duration
    /// Returns after `Duration`, or throws `CancellationError` when the task is cancelled before.
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> Timestamp, uptime: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.uptime = uptime
        self.sleep = sleep
    }

    /// The same with a wall clock that goes on as if nobody had set it, from now on: for times that are written down and judged
    /// later.
    public var undisturbed: TimeSource {
        let clock = ClockWatch(self)
        return TimeSource(now: { clock.undisturbedNow }, uptime: uptime, sleep: sleep)
    }

    public static let system = TimeSource(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
        },
        uptime: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        },
        sleep: { try await Task.sleep(for: $0) })
}

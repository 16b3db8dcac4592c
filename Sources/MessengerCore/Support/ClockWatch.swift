/// Tells a wall clock that was set from one that ran on, by the monotonic clock.
struct ClockWatch: Sendable {
    /// Less than this is a clock that drifted or was put right.
    static let tolerance = Duration.days(1)

    private let time: TimeSource
    private let start: (wall: Timestamp, uptime: Duration)

    init(_ time: TimeSource) {
        self.time = time
        start = (time.now(), time.uptime())
    }

    /// How far the wall clock has been set since the start; zero within the tolerance, and once it is back.
    var jump: Duration { jump(at: time.now()) }

    private func jump(at now: Timestamp) -> Duration {
        let difference = (now - start.wall) - (time.uptime() - start.uptime)
        return abs(difference.inSeconds) > Self.tolerance.inSeconds ? difference : .zero
    }

    /// What the wall clock would say if nobody had set it. Lifetimes begin and are judged by this, so that nothing ends because
    /// someone set the clock and put it right again.
    var undisturbedNow: Timestamp {
        let now = time.now()
        return now - jump(at: now)
    }
}

/// How long to wait before the next attempt: growing and jittered, up to 30 s in the first hour, then up to 15 min.
struct RetryPause {
    static let first = Duration.milliseconds(500)
    static let longestInFirstHour = Duration.seconds(30)
    static let longest = Duration.minutes(15)

    private(set) var failures = 0
    private let longestInFirstHour: Duration
    private let longest: Duration
    private var since: Duration?

    init() { (longestInFirstHour, longest) = (Self.longestInFirstHour, Self.longest) }

    /// Grows up to `longest` only.
    init(longest: Duration) { (longestInFirstHour, self.longest) = (longest, longest) }

    /// - Parameter random: from 0 to 1; the pause lies between half and the whole of its step.
    mutating func next(uptime: Duration, random: Double) -> Duration {
        let since = since ?? uptime
        self.since = since
        let limit = uptime - since < .hours(1) ? longestInFirstHour : longest
        let step = min(Self.first * (1 << min(failures, 12)), limit)
        failures += 1
        return step / 2 + .seconds(step.inSeconds / 2 * random)
    }
}

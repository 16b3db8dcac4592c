/// How long to wait before the next attempt to connect: growing and jittered, up to 5 s.
struct ReconnectPause {
    static let first = Duration.milliseconds(100)
    static let longest = Duration.seconds(5)

    private var step = first

    /// - Parameters:
    ///   - lasted: how long the connection was up; zero when it never was. One that held for long starts the pauses anew.
    ///   - random: from 0 to 1; the pause lies between half and the whole of its step.
    mutating func next(lasted: Duration, random: Double) -> Duration {
        if lasted >= Self.longest { step = Self.first }
        defer { step = min(step * 2, Self.longest) }
        return step / 2 + step * (random / 2)
    }
}

/// What of an outage is worth a line in the log: its beginning, once a minute that it lasts, and its end. A pure state machine.
public struct OutageLog: Sendable {
    public enum Line: Equatable, Sendable {
        case begins
        case lasts(Duration, failures: Int)
        case ends(after: Duration, failures: Int)
    }

    private struct Outage {
        let start: Duration
        var lastLine: Duration
        var lastFailure: Duration
        var failures = 1
    }

    static let interval = Duration.minutes(1)

    private let calm: Duration
    private var outage: Outage?

    /// - Parameter calm: how long nothing must have failed before a success counts as the end. Where some things fail and others
    ///   succeed, the outage lasts.
    public init(calm: Duration) { self.calm = calm }

    /// Something failed: what to say of it.
    public mutating func failed(now: Duration) -> Line? {
        guard var outage else {
            outage = Outage(start: now, lastLine: now, lastFailure: now)
            return .begins
        }
        outage.failures += 1
        outage.lastFailure = now
        let isDue = now - outage.lastLine >= Self.interval
        if isDue { outage.lastLine = now }
        self.outage = outage
        return isDue ? .lasts(now - outage.start, failures: outage.failures) : nil
    }

    /// Something succeeded: what to say of it.
    public mutating func succeeded(now: Duration) -> Line? {
        guard let ended = outage, now - ended.lastFailure >= calm else { return nil }
        outage = nil
        return .ends(after: ended.lastFailure - ended.start, failures: ended.failures)
    }
}

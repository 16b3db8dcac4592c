/// The limits of the key directory.
public struct KeyLimits: Sendable {
    /// Waiting at the server, for each device.
    public var oneTimeKeys = 100
    /// One-time keys by claimer and target: whoever could empty them would have everybody sealed to by rotating keys alone.
    public var claims = Allowance(burst: 6, interval: .minutes(10))
    /// For so long a claim is answered with the same keys again.
    public var claimMemory = Duration.hours(24)
    /// Account states by user: every client replays each of them for good.
    public var states = Allowance(burst: 20, interval: .hours(1))
    /// Notes of one user at once, and how long each is kept.
    public var notes = 8
    public var noteLifetime = Duration.minutes(10)
    /// From the tombstone of an account until the records of its states are erased.
    public var erasureDelay = Duration.days(30)
    public init() {}
}

import Synchronization

/// Slows down guessing: after `freeFailures` wrong passwords for one account from one address, each further one
/// doubles the pause before the next attempt, up to `longestPause`. Other addresses are not touched by it.
public final class LoginThrottle: Sendable {
    struct Key: Hashable {
        let username: Username
        let origin: String
    }

    private struct Entry {
        var failures: Int
        var blockedUntil: Duration
        var last: Duration
    }

    static let freeFailures = 5
    static let longestPause = Duration.seconds(60)
    /// Failures are forgotten after this long without another.
    static let memory = Duration.minutes(15)
    /// Pairs remembered at once; beyond it the stale ones go, then any.
    static let capacity = 100_000

    private let entries = Mutex<[Key: Entry]>([:])
    private let uptime: @Sendable () -> Duration
    private let isOff: Bool

    /// - Parameter isOff: never slows anyone down.
    public init(uptime: @escaping @Sendable () -> Duration, isOff: Bool = false) {
        self.uptime = uptime
        self.isOff = isOff
    }

    /// How long this pair has to wait; nil when it may try now.
    public func pause(for username: Username, from origin: String) -> Duration? {
        let now = uptime()
        return entries.withLock { entries in
            guard let entry = entries[Key(username: username, origin: origin)], entry.blockedUntil > now else { return nil }
            return entry.blockedUntil - now
        }
    }

    public func failed(_ username: Username, from origin: String) {
        if isOff { return }
        let now = uptime()
        entries.withLock { entries in
            let key = Key(username: username, origin: origin)
            if entries[key] == nil, entries.count >= Self.capacity { Self.makeRoom(in: &entries, now: now) }
            var entry = entries[key] ?? Entry(failures: 0, blockedUntil: now, last: now)
            if now - entry.last > Self.memory { entry.failures = 0 }
            entry.failures += 1
            entry.last = now
            let excess = entry.failures - Self.freeFailures
            if excess > 0 { entry.blockedUntil = now + min(.seconds(1 << min(excess - 1, 10)), Self.longestPause) }
            entries[key] = entry
        }
    }

    public func succeeded(_ username: Username, from origin: String) {
        entries.withLock { _ = $0.removeValue(forKey: Key(username: username, origin: origin)) }
    }

    private static func makeRoom(in entries: inout [Key: Entry], now: Duration) {
        entries = entries.filter { now - $0.value.last <= memory }
        while entries.count >= capacity { entries.remove(at: entries.startIndex) }
    }
}

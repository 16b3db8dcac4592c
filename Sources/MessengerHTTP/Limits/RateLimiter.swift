import MessengerCore
import Synchronization

/// Token buckets by client address.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: Duration
    }

    /// Buckets kept at once; beyond it the full ones go, then any.
    private static let capacity = 100_000

    private let perSecond: Double
    private let burst: Double
    private let uptime: @Sendable () -> Duration
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perSecond: Int, burst: Int, uptime: @escaping @Sendable () -> Duration) {
        self.perSecond = Double(perSecond)
        self.burst = Double(max(1, burst))
        self.uptime = uptime
    }

    /// Takes one token of the client; nil when there was one, else how long until there is.
    func take(_ client: String) -> Duration? {
        let now = uptime()
        return buckets.withLock { buckets in
            if buckets[client] == nil, buckets.count >= Self.capacity { makeRoom(in: &buckets, now: now) }
            var bucket = buckets[client] ?? Bucket(tokens: burst, filled: now)
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled).inSeconds * perSecond)
            bucket.filled = now
            defer { buckets[client] = bucket }
            guard bucket.tokens >= 1 else { return .seconds((1 - bucket.tokens) / perSecond) }
            bucket.tokens -= 1
            return nil
        }
    }

    /// The client gets back what it was charged twice.
    func giveBack(_ client: String) {
        buckets.withLock { $0[client]?.tokens += 1 }
    }

    private func makeRoom(in buckets: inout [String: Bucket], now: Duration) {
        buckets = buckets.filter { $0.value.tokens + (now - $0.value.filled).inSeconds * perSecond < burst }
        while buckets.count >= Self.capacity { buckets.remove(at: buckets.startIndex) }
    }
}

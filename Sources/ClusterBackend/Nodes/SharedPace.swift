import Synchronization

/// How far apart the round trips of this process start that several messages share.
///
/// A round trip costs the database and the broker about as much for one message as for ten. With more processes each would carry
/// fewer; so they come less often, and all processes of a role together start one of a kind about every 2 ms.
final class SharedPace: Sendable {
    private static let interval = Duration.milliseconds(2)
    /// What a message may wait longer, however many processes there are.
    private static let longest = Duration.milliseconds(32)

    private let current = Mutex(interval)

    var spacing: Duration { current.withLock { $0 } }

    /// - Parameter count: the processes of this one's role, itself among them.
    func processes(_ count: Int) { current.withLock { $0 = min(Self.interval * count * count, Self.longest) } }
}

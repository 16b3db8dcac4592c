import DequeModule
import MessengerCore

/// Which connections there are, who waits for one, and since when the server cannot be reached. A pure state machine: it
/// returns what to do.
///
/// While the server is away, requests wait for it for as long as `patience`; later ones are refused at once, and each lets
/// one more attempt be made. Nobody waits for what somebody has to mend first.
struct PoolState<Connection: AnyObject, Waiter> {
    static var patience: Duration { .seconds(5) }
    private static var firstPause: Duration { .milliseconds(50) }
    private static var longestPause: Duration { .seconds(1) }

    enum Action {
        case hand(Connection, Waiter)
        case open
        case retry(after: Duration)
        case refuse([Waiter], reason: String)
    }

    private struct Outage {
        let since: Duration
        var reason: String
        var pause = firstPause
        var isRetrying = false
    }

    private let limit: Int
    private var idle: [Connection] = []
    private var leased = 0
    private var opening = 0
    private var waiting: Deque<Waiter> = []
    private var outage: Outage?
    private var isClosed = false

    init(limit: Int) { self.limit = limit }

    /// Nil while the last attempt to reach the server succeeded.
    var outageReason: String? { outage?.reason }

    mutating func requested(_ waiter: Waiter, now: Duration) -> [Action] {
        if isClosed { return [.refuse([waiter], reason: "the server stops")] }
        if let connection = idle.popLast() {
            leased += 1
            return [.hand(connection, waiter)]
        }
        if let outage, isAway(since: outage.since, now: now) {
            return [.refuse([waiter], reason: outage.reason)] + openIfNothingElseIs()
        }
        waiting.append(waiter)
        return outage == nil ? openForWaiters() : openIfNothingElseIs()
    }

    mutating func opened(_ connection: Connection) -> [Action] {
        opening -= 1
        outage = nil
        return free(connection) + openForWaiters()
    }

    mutating func openFailed(_ reason: String, needsMending: Bool, now: Duration) -> [Action] {
        opening -= 1
        var outage = self.outage ?? Outage(since: now, reason: reason)
        outage.reason = reason
        var actions: [Action] = []
        if needsMending || isAway(since: outage.since, now: now), !waiting.isEmpty {
            actions.append(.refuse(Array(waiting), reason: reason))
            waiting = []
        }
        if !waiting.isEmpty, !outage.isRetrying {
            outage.isRetrying = true
            actions.append(.retry(after: outage.pause))
            outage.pause = min(outage.pause * 2, Self.longestPause)
        }
        self.outage = outage
        return actions
    }

    mutating func retryDue() -> [Action] {
        outage?.isRetrying = false
        return openIfNothingElseIs()
    }

    /// One that is broken takes the idle ones with it: whatever broke it has broken them too.
    mutating func returned(_ connection: Connection, isBroken: Bool) -> [Action] {
        leased -= 1
        if !isBroken { return free(connection) }
        idle = []
        return openForWaiters()
    }

    mutating func close() -> [Action] {
        isClosed = true
        idle = []
        defer { waiting = [] }
        return [.refuse(Array(waiting), reason: "the server stops")]
    }

    /// Connections in use will be free some time, if only because they break: the server may just not take any more.
    private func isAway(since: Duration, now: Duration) -> Bool { now - since > Self.patience && leased == 0 }

    private mutating func free(_ connection: Connection) -> [Action] {
        if let waiter = waiting.popFirst() {
            leased += 1
            return [.hand(connection, waiter)]
        }
        if !isClosed { idle.append(connection) }
        return []
    }

    private mutating func openForWaiters() -> [Action] {
        guard outage == nil, opening < waiting.count, leased + opening < limit else { return [] }
        opening += 1
        return [.open]
    }

    private mutating func openIfNothingElseIs() -> [Action] {
        guard opening == 0, outage?.isRetrying != true, leased < limit else { return [] }
        opening += 1
        return [.open]
    }
}

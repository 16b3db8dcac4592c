import MessengerCore

/// What waits to be published, round by round. A pure state machine.
///
/// Hints for one destination run together while they wait. A round takes what waits, up to its bounds; destinations take
/// turns. What was not confirmed waits again. Beyond the capacity, hints are dropped and counted.
struct HintOutbox {
    /// The most ids that wait: some MiB, and more than a poll after a long outage would want to be told.
    static let capacity = 100_000
    /// The bounds of a round: with both reached it still fits into a socket's buffer, so that publishing it does not block.
    static let maximumIDsPerRound = 2 * Hints.maximumPerMessage
    static let maximumMessagesPerRound = 100

    private var waiting: [HintDestination: Hints] = [:]
    private var order: [HintDestination] = []
    private var round: [(destination: HintDestination, hints: Hints)] = []
    /// Whether the publisher sleeps until there is something to publish.
    private var isIdle = false

    /// The ids that wait, those of the round under way not counted.
    private(set) var count = 0
    /// The ids dropped since they were last taken notice of.
    private(set) var droppedCount = 0

    /// Returns whether the publisher must be woken.
    mutating func add(_ hints: [HintDestination: Hints]) -> Bool {
        for (destination, hints) in hints where !hints.isEmpty { add(hints, for: destination) }
        guard isIdle, count > 0 else { return false }
        isIdle = false
        return true
    }

    private mutating func add(_ hints: Hints, for destination: HintDestination) {
        guard count + hints.count <= Self.capacity else {
            droppedCount += hints.count
            return
        }
        let before = waiting[destination]?.count
        waiting[destination, default: Hints()].formUnion(hints)
        if before == nil { order.append(destination) }
        count += waiting[destination]!.count - (before ?? 0)
    }

    /// What to publish now, one message for each; empty when nothing waits, and then the next `add` says to wake.
    mutating func startRound() -> [(destination: HintDestination, hints: Hints)] {
        var room = Self.maximumIDsPerRound
        var turns = 0
        while room > 0, turns < min(order.count, Self.maximumMessagesPerRound) {
            let destination = order[turns]
            let part = waiting[destination]!.removeSome(atMost: min(room, Hints.maximumPerMessage))
            round.append((destination, part))
            room -= part.count
            count -= part.count
            turns += 1
        }
        let leftover = order[..<turns].filter { !waiting[$0]!.isEmpty }
        for destination in order[..<turns] where waiting[destination]!.isEmpty { waiting[destination] = nil }
        order.removeFirst(turns)
        order.append(contentsOf: leftover)
        isIdle = round.isEmpty
        return round
    }

    /// - Parameter isConfirmed: false when the broker may not have taken the round: it waits again.
    mutating func endRound(isConfirmed: Bool) {
        if !isConfirmed { for (destination, hints) in round { add(hints, for: destination) } }
        round = []
    }

    /// How many ids were dropped since the last call.
    mutating func takeDroppedCount() -> Int {
        defer { droppedCount = 0 }
        return droppedCount
    }
}

extension Hints {
    /// Takes that many ids out, or all.
    fileprivate mutating func removeSome(atMost limit: Int) -> Hints {
        guard count > limit else {
            defer { self = Hints() }
            return self
        }
        var room = limit
        func take<ID>(_ ids: inout Set<ID>) -> Set<ID> {
            let taken = Set(ids.prefix(room))
            ids.subtract(taken)
            room -= taken.count
            return taken
        }
        return Hints(news: take(&news), tryNow: take(&tryNow), moved: take(&moved))
    }
}

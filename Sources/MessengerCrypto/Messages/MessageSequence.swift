import KeyLog

/// What has come from one device in one conversation, and what is missing of it.
public struct MessageSequence: Hashable, Sendable {
    /// The highest counter so far, and the message that has it.
    public private(set) var newest: UInt64 = 0
    public private(set) var newestHash = MessageHash.zero
    /// Counters that did not come, ascending.
    public private(set) var missing: [ClosedRange<UInt64>] = []

    public init() {}

    /// As it was kept.
    public init(newest: UInt64, newestHash: MessageHash, missing: [ClosedRange<UInt64>]) {
        self.newest = newest
        self.newestHash = newestHash
        self.missing = missing
    }

    /// Takes a message that is stored now. True when it shows that others are missing, or that the one before it is not the
    /// one that came (E17). The first message that comes is where the count begins for this device, whatever its counter.
    public mutating func take(counter: UInt64, previous: MessageHash, hash: MessageHash) -> Bool {
        guard counter > newest else { return takeLate(counter) }
        let isFirst = newest == 0
        let follows = counter - newest == 1 && previous == newestHash
        if !isFirst, counter - newest > 1 { missing.append(newest + 1...counter - 1) }
        newest = counter
        newestHash = hash
        return !isFirst && !follows
    }

    private mutating func takeLate(_ counter: UInt64) -> Bool {
        guard let place = missing.firstIndex(where: { $0.contains(counter) }) else { return false }
        let range = missing[place]
        var rest: [ClosedRange<UInt64>] = []
        if range.lowerBound < counter { rest.append(range.lowerBound...counter - 1) }
        if counter < range.upperBound { rest.append(counter + 1...range.upperBound) }
        missing.replaceSubrange(place...place, with: rest)
        return false
    }
}

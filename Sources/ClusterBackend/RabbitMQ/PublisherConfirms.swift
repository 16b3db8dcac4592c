/// Which of the published messages the broker has not answered for yet. It numbers those of a channel from 1.
struct PublisherConfirms {
    private var lastTag: UInt64 = 0
    private var open: Set<UInt64> = []

    var isSettled: Bool { open.isEmpty }

    mutating func published() {
        lastTag += 1
        open.insert(lastTag)
    }

    /// - Parameter upToTag: the answer is for all up to that tag.
    mutating func answered(_ tag: UInt64, upToTag: Bool) {
        if upToTag { open = open.filter { $0 > tag } } else { open.remove(tag) }
    }
}

import MessengerAPI

/// What one process tells another. Any of it may be lost: the store is the truth.
public struct Hints: Equatable, Sendable {
    /// Inboxes that have news.
    public var news: Set<UserID>
    /// Devices whose callbacks are to be tried at once.
    public var tryNow: Set<DeviceID>
    /// Devices whose live stream began or moved elsewhere.
    public var moved: Set<DeviceID>

    public init(news: Set<UserID> = [], tryNow: Set<DeviceID> = [], moved: Set<DeviceID> = []) {
        self.news = news
        self.tryNow = tryNow
        self.moved = moved
    }

    public var isEmpty: Bool { news.isEmpty && tryNow.isEmpty && moved.isEmpty }

    public mutating func formUnion(_ other: Hints) {
        news.formUnion(other.news)
        tryNow.formUnion(other.tryNow)
        moved.formUnion(other.moved)
    }
}

/// Whom a hint is for.
public enum HintDestination: Hashable, Sendable {
    case node(NodeID)
    /// One of the senders, whichever.
    case anySender
}

import MessengerAPI

/// What one process tells another so that it looks sooner. Any of it may be lost, repeated or late: the store is the truth,
/// and what was lost, a poll finds.
public struct Hints: Equatable, Sendable {
    /// Their inboxes have news.
    public var news: Set<UserID>
    /// Their callbacks are to be tried at once.
    public var tryNow: Set<DeviceID>
    /// Their live stream began, or moved to another process.
    public var moved: Set<DeviceID>

    public init(news: Set<UserID> = [], tryNow: Set<DeviceID> = [], moved: Set<DeviceID> = []) {
        self.news = news
        self.tryNow = tryNow
        self.moved = moved
    }

    public var isEmpty: Bool { news.isEmpty && tryNow.isEmpty && moved.isEmpty }
    /// How many ids it names.
    public var count: Int { news.count + tryNow.count + moved.count }

    public mutating func formUnion(_ other: Hints) {
        news.formUnion(other.news)
        tryNow.formUnion(other.tryNow)
        moved.formUnion(other.moved)
    }
}

import KeyLog

/// Appends records to the key log and collects what is to be written: the same for every store, which calls it with the
/// log's head locked and writes all of it in the same transaction.
public struct LogPlan {
    /// A tile of the log, full or not: it grows in its place.
    public struct TilePlace: Hashable, Sendable {
        public let level: Int
        public let index: UInt64

        public init(level: Int, index: UInt64) {
            self.level = level
            self.index = index
        }
    }

    public struct Entry: Sendable {
        public let place: UInt64
        public let entry: [UInt8]
        public let salt: RecordSalt
        public let record: LogRecord
    }

    public private(set) var size: UInt64
    /// Entries to insert, in this order.
    public private(set) var entries: [Entry] = []
    /// The tiles that have changed, whole.
    public private(set) var tiles: [TilePlace: [UInt8]] = [:]
    private let stored: [TilePlace: [UInt8]]

    /// - Parameter tiles: those of `edge(size:)`.
    public init(size: UInt64, tiles: [TilePlace: [UInt8]]) {
        self.size = size
        stored = tiles
    }

    /// The unfinished tiles of a log of that size: all that has to be read to append to it.
    public static func edge(size: UInt64) -> [TilePlace] {
        (0..<UInt64.bitWidth / Tile.height).map { level in
            (level, size >> UInt64(level * Tile.height))
        }.filter { $0.1 % UInt64(Tile.fullWidth) != 0 }.map {
            TilePlace(level: $0.0, index: $0.1 / UInt64(Tile.fullWidth))
        }
    }

    /// The place that the record gets.
    @discardableResult
    public mutating func append(_ record: LogRecord) -> UInt64 {
        let place = size
        let salt = RecordSalt(unchecked: SecureRandom.bytes(RecordSalt.byteCount))
        let entry = record.entry(salt: salt)
        entries.append(Entry(place: place, entry: entry, salt: salt, record: record))
        var hash = TreeHash.leaf(entry)
        for level in 0..<UInt64.bitWidth / Tile.height {
            let tile = TilePlace(
                level: level, index: (place >> UInt64(level * Tile.height)) / UInt64(Tile.fullWidth))
            let hashes = (tiles[tile] ?? stored[tile] ?? []) + hash.bytes
            tiles[tile] = hashes
            guard hashes.count == Tile.fullWidth * TreeHash.byteCount else { break }
            hash = .root(ofComplete: hashes[...])
        }
        size += 1
        return place
    }

    /// The checkpoint that the log has with these records. Throws when a tile of the edge was not what it must be.
    public func checkpoint(_ secrets: LogSecrets, now: Timestamp) throws -> [UInt8] {
        let tree = TiledTree(size: size) { tile in
            let place = TilePlace(level: tile.level, index: tile.index)
            return tiles[place] ?? stored[place] ?? []
        }
        return try secrets.note(size: size, root: tree.root(size: size), now: now)
    }
}

extension LogPlan {
    /// Nil when no log has so many entries.
    public static func firstPlace(ofTile index: Int64) -> Int64? {
        let (place, overflow) = index.multipliedReportingOverflow(by: Int64(Tile.fullWidth))
        return overflow ? nil : place
    }

    /// What is served for an entry, from what a store keeps of it. Throws `StoreError.unavailable` when that makes no sense.
    public static func served(
        entry: [UInt8], salt: [UInt8]?, record: [UInt8]?, tombstone: Int64?
    ) throws -> ServedRecord {
        if let salt = salt.flatMap({ RecordSalt($0) }), let record = record.flatMap({ LogRecord($0) }) {
            return .record(record, salt: salt)
        }
        guard salt == nil, record == nil, let tombstone = tombstone.flatMap({ UInt64(exactly: $0) }) else {
            throw StoreError.unavailable("an entry of the key log is damaged")
        }
        return .erased(entry: entry, tombstone: tombstone)
    }
}

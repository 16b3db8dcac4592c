/// A tile of C2SP tlog-tiles: up to 256 consecutive hashes of one height of the tree, in one immutable file.
public struct Tile: Hashable, Sendable {
    /// The levels of the tree in one tile.
    public static let height = 8
    public static let fullWidth = 256
    static let highestLevel = 7

    public let level: Int
    public let index: UInt64
    public let width: Int

    /// Nil unless the level is 0 to 7 (2^64 leaves) and the width 1 to 256.
    public init?(level: Int, index: UInt64, width: Int = Tile.fullWidth) {
        guard (0...Self.highestLevel).contains(level), (1...Self.fullWidth).contains(width) else { return nil }
        self.level = level
        self.index = index
        self.width = width
    }

    public var path: String { "tile/\(level)/" + TilePath.text(index: index, width: width) }

    /// Reads a path as `path` writes it, and nothing else.
    public init?(path: String) {
        let parts = path.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "tile", let level = Int(parts[1]), let place = TilePath.parse(parts[2]) else {
            return nil
        }
        self.init(level: level, index: place.index, width: place.width)
        if self.path != path { return nil }
    }

    /// The tiles that hold something in a tree of `size` leaves and did not, or not all of it, in one of `oldSize`: what a
    /// log writes, and a client reads, when it grows.
    public static func added(from oldSize: UInt64 = 0, to size: UInt64) -> [Tile] {
        guard oldSize < size else { return [] }
        var tiles: [Tile] = []
        for level in 0...highestLevel {
            let shift = UInt64(level * height)
            let count = size >> shift
            let oldCount = oldSize >> shift
            guard count > 0 else { break }
            guard count > oldCount else { continue }
            for index in oldCount / UInt64(fullWidth)...(count - 1) / UInt64(fullWidth) {
                let width = min(UInt64(fullWidth), count - index * UInt64(fullWidth))
                if let tile = Tile(level: level, index: index, width: Int(width)) { tiles.append(tile) }
            }
        }
        return tiles
    }
}

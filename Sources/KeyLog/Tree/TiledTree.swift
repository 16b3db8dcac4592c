/// A tree of a known size whose hashes are read from tiles. It checks nothing by itself: whoever uses it compares the root
/// with a checkpoint.
public struct TiledTree: SubtreeHashes {
    public let size: UInt64
    private let read: (Tile) throws -> [UInt8]

    /// - Parameter read: the bytes of a tile of the tree of this size.
    public init(size: UInt64, read: @escaping (Tile) throws -> [UInt8]) {
        self.size = size
        self.read = read
    }

    public func subtree(height: Int, index: UInt64) throws -> TreeHash {
        let level = height / Tile.height
        let levelsAbove = UInt64(height % Tile.height)
        let (start, overflow) = index.multipliedReportingOverflow(by: 1 << levelsAbove)
        let count = level <= Tile.highestLevel ? size >> UInt64(level * Tile.height) : 0
        guard height >= 0, !overflow, start < count, count - start >= 1 << levelsAbove else { throw ProofError.noSuchTree }
        let tileIndex = start / UInt64(Tile.fullWidth)
        let width = Int(min(UInt64(Tile.fullWidth), count - tileIndex * UInt64(Tile.fullWidth)))
        guard let tile = Tile(level: level, index: tileIndex, width: width) else { throw ProofError.noSuchTree }
        let bytes = try read(tile)
        guard bytes.count == width * TreeHash.byteCount else { throw ProofError.wrongLength }
        let first = Int(start % UInt64(Tile.fullWidth)) * TreeHash.byteCount
        return .root(ofComplete: bytes[first..<first + TreeHash.byteCount << levelsAbove])
    }
}

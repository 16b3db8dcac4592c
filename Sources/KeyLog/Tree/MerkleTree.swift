/// A growing Merkle tree in memory: 64 bytes for each leaf, every earlier root and every proof at hand.
public struct MerkleTree: SubtreeHashes, Sendable {
    /// The hashes of all complete subtrees, by height, one after another.
    private var levels: [[UInt8]] = [[]]

    public init() {}

    public var size: UInt64 { UInt64(levels[0].count / TreeHash.byteCount) }

    public mutating func append(_ leaf: TreeHash) {
        levels[0].append(contentsOf: leaf.bytes)
        var height = 0
        // A level with an even number of hashes has just completed a pair.
        while (levels[height].count / TreeHash.byteCount).isMultiple(of: 2) {
            let parent = TreeHash.node(children: levels[height].suffix(2 * TreeHash.byteCount))
            height += 1
            if height == levels.count { levels.append([]) }
            levels[height].append(contentsOf: parent.bytes)
        }
    }

    public func subtree(height: Int, index: UInt64) throws -> TreeHash {
        guard levels.indices.contains(height), index < UInt64(levels[height].count / TreeHash.byteCount) else {
            throw ProofError.noSuchTree
        }
        let start = Int(index) * TreeHash.byteCount
        return TreeHash(unchecked: Array(levels[height][start..<start + TreeHash.byteCount]))
    }

    /// The bytes of a tile (C2SP tlog-tiles); throws when this tree does not reach so far.
    public func bytes(of tile: Tile) throws(ProofError) -> [UInt8] {
        let height = tile.level * Tile.height
        let (start, overflow) = tile.index.multipliedReportingOverflow(by: UInt64(Tile.fullWidth))
        guard levels.indices.contains(height), !overflow,
            start <= UInt64(levels[height].count / TreeHash.byteCount),
            UInt64(levels[height].count / TreeHash.byteCount) - start >= UInt64(tile.width)
        else { throw .noSuchTree }
        let first = Int(start) * TreeHash.byteCount
        return Array(levels[height][first..<first + tile.width * TreeHash.byteCount])
    }
}

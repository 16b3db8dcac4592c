import Crypto

/// A hash of RFC 6962's Merkle tree over SHA-256: of a leaf, an inner node, or a whole tree.
public struct TreeHash: FixedBytes {
    public static let byteCount = 32
    public let bytes: [UInt8]
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    private static let leafPrefix: [UInt8] = [0]
    private static let nodePrefix: [UInt8] = [1]

    /// The root of a tree without leaves.
    public static let empty = TreeHash(unchecked: Array(SHA256().finalize()))

    public static func leaf(_ entry: [UInt8]) -> TreeHash {
        var hash = SHA256()
        hash.update(data: leafPrefix)
        hash.update(data: entry)
        return TreeHash(unchecked: Array(hash.finalize()))
    }

    public static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash { node(children: left.bytes + right.bytes) }

    /// The hash over a complete subtree.
    /// - Parameter hashes: a power of two of them, one after another, all of one height.
    package static func root(ofComplete hashes: ArraySlice<UInt8>) -> TreeHash {
        var level = hashes
        while level.count > byteCount {
            var parents: [UInt8] = []
            for start in stride(from: level.startIndex, to: level.endIndex, by: 2 * byteCount) {
                parents += node(children: level[start..<start + 2 * byteCount]).bytes
            }
            level = parents[...]
        }
        return TreeHash(unchecked: Array(level))
    }

    static func node(children: some Collection<UInt8>) -> TreeHash {
        var hash = SHA256()
        hash.update(data: nodePrefix)
        children.withContiguousStorageIfAvailable { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
            ?? hash.update(data: Array(children))
        return TreeHash(unchecked: Array(hash.finalize()))
    }
}

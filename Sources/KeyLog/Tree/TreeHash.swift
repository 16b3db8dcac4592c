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

    static func node(children: some Collection<UInt8>) -> TreeHash {
        var hash = SHA256()
        hash.update(data: nodePrefix)
        children.withContiguousStorageIfAvailable { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
            ?? hash.update(data: Array(children))
        return TreeHash(unchecked: Array(hash.finalize()))
    }
}

/// The checks of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
public enum ProofVerification {
    /// That the leaf with this hash stands at `index` in the tree of `size` leaves with this root.
    public static func checkInclusion(
        of leaf: TreeHash, at index: UInt64, size: UInt64, root: TreeHash, proof: [TreeHash]
    ) throws(ProofError) {
        guard index < size else { throw .noSuchTree }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            guard last > 0 else { throw .wrongLength }
            if node & 1 == 1 || node == last {
                hash = .node(sibling, hash)
                Self.rise(&node, &last)
            } else {
                hash = .node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        guard last == 0 else { throw .wrongLength }
        guard hash == root else { throw .wrongRoot }
    }

    /// That the tree of `size` leaves with this root begins with the tree of `oldSize` leaves with the old root.
    public static func checkConsistency(
        from oldSize: UInt64, root oldRoot: TreeHash, to size: UInt64, root: TreeHash, proof: [TreeHash]
    ) throws(ProofError) {
        guard oldSize <= size else { throw .noSuchTree }
        guard oldSize > 0, oldSize < size else {
            guard proof.isEmpty else { throw .wrongLength }
            guard oldSize == size ? oldRoot == root : oldRoot == .empty else { throw .wrongRoot }
            return
        }
        var hashes = proof[...]
        if oldSize.nonzeroBitCount == 1 { hashes = [oldRoot] + hashes }
        guard let first = hashes.popFirst() else { throw .wrongLength }
        var node = oldSize - 1
        var last = size - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var oldHash = first
        var hash = first
        for sibling in hashes {
            guard last > 0 else { throw .wrongLength }
            if node & 1 == 1 || node == last {
                oldHash = .node(sibling, oldHash)
                hash = .node(sibling, hash)
                Self.rise(&node, &last)
            } else {
                hash = .node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        guard last == 0 else { throw .wrongLength }
        guard oldHash == oldRoot, hash == root else { throw .wrongRoot }
    }

    /// At the right edge a node without sibling goes up until it is somebody's right child.
    private static func rise(_ node: inout UInt64, _ last: inout UInt64) {
        while node != 0, node & 1 == 0 {
            node >>= 1
            last >>= 1
        }
    }
}

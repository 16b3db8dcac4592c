/// Something that knows the hashes of complete subtrees, and so every root and proof of every tree that it holds.
public protocol SubtreeHashes {
    /// The hash of the complete subtree over the leaves from `index << height` to `(index + 1) << height`. Throws when it
    /// is not there.
    func subtree(height: Int, index: UInt64) throws -> TreeHash
}

extension SubtreeHashes {
    /// The root of the tree of the first `size` leaves.
    public func root(size: UInt64) throws -> TreeHash { size == 0 ? .empty : try hash(of: 0..<size) }

    /// RFC 6962's audit path: what shows that leaf `index` is in the tree of `size` leaves, lowest first.
    public func inclusionProof(index: UInt64, size: UInt64) throws -> [TreeHash] {
        guard index < size else { throw ProofError.noSuchTree }
        var range = 0..<size
        var path: [TreeHash] = []
        while range.count > 1 {
            let middle = Self.middle(of: range)
            if index < middle {
                path.append(try hash(of: middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try hash(of: range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return path.reversed()
    }

    /// RFC 6962's consistency proof: what shows that the tree of `size` leaves begins with that of `oldSize`. Empty when
    /// either is trivial.
    public func consistencyProof(from oldSize: UInt64, to size: UInt64) throws -> [TreeHash] {
        guard oldSize <= size else { throw ProofError.noSuchTree }
        guard oldSize > 0, oldSize < size else { return [] }
        var range = 0..<size
        var proof: [TreeHash] = []
        var isWhole = true
        while range.upperBound != oldSize {
            let middle = Self.middle(of: range)
            if oldSize <= middle {
                proof.append(try hash(of: middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                proof.append(try hash(of: range.lowerBound..<middle))
                range = middle..<range.upperBound
                isWhole = false
            }
        }
        if !isWhole { proof.append(try hash(of: range)) }
        return proof.reversed()
    }

    /// The hash over a range that begins at a multiple of the largest power of two in its length, as RFC 6962 cuts them.
    private func hash(of range: Range<UInt64>) throws -> TreeHash {
        let count = range.upperBound - range.lowerBound
        if count.nonzeroBitCount == 1 {
            let height = count.trailingZeroBitCount
            return try subtree(height: height, index: range.lowerBound >> UInt64(height))
        }
        let middle = Self.middle(of: range)
        return .node(try hash(of: range.lowerBound..<middle), try hash(of: middle..<range.upperBound))
    }

    /// The largest power of two below the length, from the beginning.
    private static func middle(of range: Range<UInt64>) -> UInt64 {
        let last = range.upperBound - range.lowerBound - 1
        return range.lowerBound + (1 << UInt64(UInt64.bitWidth - 1 - last.leadingZeroBitCount))
    }
}

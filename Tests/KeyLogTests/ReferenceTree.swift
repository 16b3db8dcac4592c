import KeyLog

/// RFC 6962, section 2.1, word for word: slow, and easy to compare with the text.
enum ReferenceTree {
    static func root(_ entries: ArraySlice<[UInt8]>) -> TreeHash {
        guard let first = entries.first else { return .empty }
        if entries.count == 1 { return .leaf(first) }
        let middle = entries.startIndex + split(entries.count)
        return .node(root(entries[..<middle]), root(entries[middle...]))
    }

    static func path(_ index: Int, _ entries: ArraySlice<[UInt8]>) -> [TreeHash] {
        if entries.count == 1 { return [] }
        let middle = split(entries.count)
        let left = entries[..<(entries.startIndex + middle)]
        let right = entries[(entries.startIndex + middle)...]
        return index < middle ? path(index, left) + [root(right)] : path(index - middle, right) + [root(left)]
    }

    static func proof(_ count: Int, _ entries: ArraySlice<[UInt8]>, isWhole: Bool = true) -> [TreeHash] {
        if count == entries.count { return isWhole ? [] : [root(entries)] }
        let middle = split(entries.count)
        let left = entries[..<(entries.startIndex + middle)]
        let right = entries[(entries.startIndex + middle)...]
        return count <= middle
            ? proof(count, left, isWhole: isWhole) + [root(right)]
            : proof(count - middle, right, isWhole: false) + [root(left)]
    }

    private static func split(_ count: Int) -> Int {
        var size = 1
        while size * 2 < count { size *= 2 }
        return size
    }
}

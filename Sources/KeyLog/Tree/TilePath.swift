/// The place of a tile or bundle below its folder, as C2SP tlog-tiles writes it: groups of three digits, all but the last
/// marked with x, and `.p/W` when it is not full.
enum TilePath {
    static func text(index: UInt64, width: Int) -> String {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            groups.append(String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1000
        } while rest > 0
        let path = groups.reversed().enumerated().map { $0.offset < groups.count - 1 ? "x" + $0.element : $0.element }
        return path.joined(separator: "/") + (width == Tile.fullWidth ? "" : ".p/\(width)")
    }

    /// Nil unless it is the one way to write an index and a width.
    static func parse(_ text: Substring) -> (index: UInt64, width: Int)? {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false)
        var width = Tile.fullWidth
        if parts.count >= 2, parts[parts.count - 2].hasSuffix(".p") {
            guard let partial = Int(parts.removeLast()), (1..<Tile.fullWidth).contains(partial) else { return nil }
            width = partial
            parts[parts.count - 1].removeLast(2)
        }
        var index: UInt64 = 0
        for part in parts {
            guard let group = UInt64(part.suffix(3)), part.count <= 4 else { return nil }
            let (thousands, overflow) = index.multipliedReportingOverflow(by: 1000)
            let (sum, carry) = thousands.addingReportingOverflow(group)
            guard !overflow, !carry else { return nil }
            index = sum
        }
        // Signs, missing zeros and marks: whatever is written otherwise is not the path.
        return Self.text(index: index, width: width) == text ? (index, width) : nil
    }
}

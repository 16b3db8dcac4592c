/// The part of a representation that a request asks for (RFC 9110, 14.1.2).
enum ByteRange: Equatable {
    case whole
    case part(Range<Int>)
    case unsatisfiable

    /// One range alone is answered with a part; what is no range of bytes, or several, with the whole, as the RFC allows.
    init(_ header: String?, length: Int) {
        self = header.flatMap { Self.parsed($0, length: length) } ?? .whole
    }

    private static func parsed(_ header: String, length: Int) -> ByteRange? {
        let halves = header.split(separator: "=", maxSplits: 1)
        guard halves.count == 2, halves[0].lowercased() == "bytes" else { return nil }
        let ends = halves[1].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { end in
            end.filter { $0 != " " && $0 != "\t" }
        }
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
        // Digits that do not fit are beyond every end.
        let numbers = ends.map { $0.isEmpty ? nil : Int($0) ?? .max }
        switch (numbers[0], numbers[1]) {
        case (nil, nil): return nil
        case (nil, let last?): return last == 0 ? .unsatisfiable : .part(max(0, length - last)..<length)
        case (let first?, let last):
            if let last, last < first { return nil }
            guard first < length else { return .unsatisfiable }
            return .part(first..<min(last ?? .max, length - 1) + 1)
        }
    }
}

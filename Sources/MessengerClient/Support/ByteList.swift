import KeyLog

/// Several byte strings in one, each after its length.
enum ByteList {
    static func bytes(_ items: some Sequence<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        for item in items {
            bytes.append(bigEndian: UInt32(truncatingIfNeeded: item.count))
            bytes += item
        }
        return bytes
    }

    /// Nil when it is cut.
    static func items(_ bytes: [UInt8]) -> [[UInt8]]? {
        var reader = ByteReader(bytes)
        var items: [[UInt8]] = []
        while reader.remaining > 0 {
            guard let length = try? reader.integer(UInt32.self), let item = try? reader.take(Int(length)) else { return nil }
            items.append(Array(item))
        }
        return items
    }
}

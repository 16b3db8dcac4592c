/// Up to 256 entries in one file, each after its length (C2SP tlog-tiles, `tile/entries/…`).
public enum EntryBundle {
    public static func path(index: UInt64, width: Int = Tile.fullWidth) -> String {
        "tile/entries/" + TilePath.text(index: index, width: width)
    }

    /// - Parameter entries: each below 64 KiB; ours have 32 bytes.
    public static func bytes(_ entries: some Sequence<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            bytes.append(bigEndian: UInt16(truncatingIfNeeded: entry.count))
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// Nil when it is cut or has more than 256 entries.
    public static func entries(_ bytes: [UInt8]) -> [[UInt8]]? {
        var reader = ByteReader(bytes)
        var entries: [[UInt8]] = []
        while reader.remaining > 0 {
            guard entries.count < Tile.fullWidth, let length = try? reader.integer(UInt16.self),
                let entry = try? reader.take(Int(length))
            else { return nil }
            entries.append(Array(entry))
        }
        return entries
    }
}

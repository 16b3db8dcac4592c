/// Up to 256 served records in one file, beside the tile of the same number (`tile/records/…`).
///
/// Each begins with a byte: 1, then salt and record; or 0, then the entry and the place of the tombstone.
public enum RecordBundle {
    public static func path(index: UInt64, width: Int = Tile.fullWidth) -> String {
        "tile/records/" + TilePath.text(index: index, width: width)
    }

    /// Reads a path as `path` writes it, and nothing else.
    public static func place(path: String) -> (index: UInt64, width: Int)? {
        let folder = "tile/records/"
        return path.hasPrefix(folder) ? TilePath.parse(path.dropFirst(folder.count)) : nil
    }

    public static func bytes(_ records: some Sequence<ServedRecord>) -> [UInt8] {
        var bytes: [UInt8] = []
        for served in records {
            switch served {
            case .record(let record, let salt):
                bytes.append(1)
                bytes.append(salt)
                bytes.append(contentsOf: record.bytes)
            case .erased(let entry, let tombstone):
                bytes.append(0)
                bytes.append(contentsOf: entry)
                bytes.append(bigEndian: tombstone)
            }
        }
        return bytes
    }

    /// Nil when it is cut, has more than 256 records, or begins one otherwise.
    public static func records(_ bytes: [UInt8]) -> [ServedRecord]? {
        var reader = ByteReader(bytes)
        var records: [ServedRecord] = []
        while reader.remaining > 0 {
            guard records.count < Tile.fullWidth, let record = try? record(from: &reader) else { return nil }
            records.append(record)
        }
        return records
    }

    private static func record(from reader: inout ByteReader) throws -> ServedRecord {
        switch try reader.integer(UInt8.self) {
        case 1:
            let salt = try reader.fixed(RecordSalt.self)
            guard let record = LogRecord(Array(try reader.take(LogRecord.byteCount))) else { throw ByteReader.LengthError() }
            return .record(record, salt: salt)
        case 0:
            return .erased(entry: Array(try reader.take(TreeHash.byteCount)), tombstone: try reader.integer())
        default: throw ByteReader.LengthError()
        }
    }
}

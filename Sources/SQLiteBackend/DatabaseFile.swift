import Foundation

/// A quick look at a database's files before anything opens them. SQLite takes an empty file for a new database, and while there
/// is a write-ahead log it does not miss pages that the file has lost.
struct DatabaseFile {
    private static let headerLength = 100
    private static let logHeaderLength = 32
    private static let frameHeaderLength = 24
    private static let magic = Data("SQLite format 3\0".utf8)

    private let path: String
    private var logPath: String { path + "-wal" }

    init(path: String) { self.path = path }

    /// What is wrong; nil when nothing is, or when SQLite itself will say it. Nobody may have the database open meanwhile.
    /// Throws what reading the files throws.
    func damage() throws -> String? {
        guard FileManager.default.fileExists(atPath: path) else {
            return try Self.size(of: logPath) == 0 ? nil : "it is not there, but its log is"
        }
        let size = try Self.size(of: path)
        if size == 0 { return "it is empty" }
        guard let (pageSize, pages) = try pages() else { return nil }
        let present = size / pageSize
        guard present < pages else { return nil }
        // A checkpoint that was interrupted has left the others in the log.
        let logged = try loggedPages(ofSize: pageSize)
        let lost = (present + 1...pages).count { !logged.contains(UInt32(clamping: $0)) }
        return lost == 0 ? nil : "it has been cut short: \(lost) of its \(pages) pages are missing"
    }

    /// The size and the number of the database's pages. Nil when it is none, or when SQLite would not believe the number either.
    private func pages() throws -> (size: Int, count: Int)? {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        guard let header = try Self.read(file, at: 0, count: Self.headerLength), header.starts(with: Self.magic),
            header[24..<28] == header[92..<96]
        else { return nil }
        let size = Int(header[16]) << 8 | Int(header[17])
        // 65,536 does not fit.
        let pageSize = size == 1 ? 65_536 : size
        return pageSize < 512 ? nil : (pageSize, Int(Self.number(in: header, at: 28)))
    }

    /// Which pages the log holds; what is left in it from before its last start does not count.
    private func loggedPages(ofSize pageSize: Int) throws -> Set<UInt32> {
        guard try Self.size(of: logPath) > 0 else { return [] }
        let log = try FileHandle(forReadingFrom: URL(filePath: logPath))
        defer { try? log.close() }
        guard let header = try Self.read(log, at: 0, count: Self.logHeaderLength) else { return [] }
        var pages: Set<UInt32> = []
        var offset = Self.logHeaderLength
        while let frame = try Self.read(log, at: offset, count: Self.frameHeaderLength), frame[8..<16] == header[16..<24] {
            pages.insert(Self.number(in: frame, at: 0))
            offset += Self.frameHeaderLength + pageSize
        }
        return pages
    }

    private static func number(in bytes: Data, at offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Zero when there is no such file.
    private static func size(of path: String) throws -> Int {
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        return (try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.intValue ?? 0
    }

    /// Nil when the file is shorter.
    private static func read(_ file: FileHandle, at offset: Int, count: Int) throws -> Data? {
        try file.seek(toOffset: UInt64(offset))
        let bytes = try file.read(upToCount: count) ?? Data()
        return bytes.count == count ? bytes : nil
    }
}

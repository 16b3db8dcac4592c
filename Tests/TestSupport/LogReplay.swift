import KeyLog
import MessengerCore

/// Reads the whole log as a client does, from files alone, and refuses what a client refuses.
public enum LogReplay {
    public struct Missing: Error {
        public let path: String
    }

    public struct Result: Sendable {
        public let view: LogView
        public let freshAt: UInt64?
        public let records: [ServedRecord]
    }

    /// - Parameter file: the bytes at a path below `/api/log/`, or nil.
    public static func run(
        _ identity: LogIdentity, file: (String) async throws -> [UInt8]?
    ) async throws -> Result {
        guard let note = try await file("checkpoint") else { throw Missing(path: "checkpoint") }
        let signed = try LogKeys(log: identity.key, freshness: identity.cosigner).open(note)
        let size = signed.checkpoint.size
        var tiles: [Tile: [UInt8]] = [:]
        for tile in Tile.added(to: size) {
            guard let bytes = try await file(tile.path) else { throw Missing(path: tile.path) }
            tiles[tile] = bytes
        }
        var records: [ServedRecord] = []
        while UInt64(records.count) < size {
            let path = RecordBundle.path(
                index: UInt64(records.count / Tile.fullWidth), width: min(Int(size) - records.count, Tile.fullWidth))
            guard let bundle = try await file(path).flatMap({ RecordBundle.records($0) }) else { throw Missing(path: path) }
            records += bundle
        }
        let root = try TiledTree(size: size) { tiles[$0] ?? [] }.root(size: size)
        guard root == signed.checkpoint.root else { throw LogError.otherRoot(size: size) }
        var view = LogView()
        try view.advance(to: signed.checkpoint, with: records)
        return Result(view: view, freshAt: signed.freshAt, records: records)
    }
}

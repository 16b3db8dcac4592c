import Foundation
import GRDB
import MessengerCore

/// Blobs that have had their time.
struct SQLiteBlobSweep {
    let now: Timestamp

    /// Found without holding up the writer.
    func hasWork(_ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM blobs WHERE expires_at <= ?)", arguments: [now.rawValue]) ?? false
    }

    /// A few pieces, and the blobs that have none left. Whether there may be more to do.
    func carryOut(_ db: Database) throws -> Bool {
        let blobs = try Data.fetchAll(
            db, sql: "SELECT id FROM blobs WHERE expires_at <= ? LIMIT ?", arguments: [now.rawValue, BlobLimits.sweptBlobs])
        var left = BlobLimits.sweptPieces
        for blob in blobs {
            try db.execute(
                cachedSQL: """
                    DELETE FROM blob_pieces WHERE rowid IN (SELECT rowid FROM blob_pieces WHERE blob = ? LIMIT ?)
                    """, arguments: [blob, left])
            left -= db.changesCount
            if left == 0 { return true }
            try db.execute(cachedSQL: "DELETE FROM blobs WHERE id = ?", arguments: [blob])
        }
        return blobs.count == BlobLimits.sweptBlobs
    }
}

import GRDB
import MessengerAPI
import MessengerCore

/// Raises cursors within one transaction; each device is read once and written once per batch.
struct AcknowledgementBatch {
    private struct DeviceRow {
        let user: Int64
        let generation: Int64
        let head: Int64
        let receivedThrough: Int64
        let isFailing: Bool
        var cursor: Int64
        var raised = false
        var byCallback = false
        var seen: Int64?
    }

    private let db: Database
    private var devices: [DeviceID: DeviceRow] = [:]

    init(_ db: Database) { self.db = db }

    mutating func add(_ acknowledgement: Acknowledgement) throws -> AcknowledgementOutcome {
        guard var device = try device(acknowledgement.device), device.generation == acknowledgement.generation else {
            return .superseded
        }
        guard acknowledgement.through.rawValue <= device.head else { return .ahead(head: MessageNumber(device.head)) }
        if acknowledgement.through.rawValue > device.cursor {
            device.cursor = acknowledgement.through.rawValue
            device.raised = true
        }
        if acknowledgement.byCallback {
            device.byCallback = true
        } else {
            device.seen = acknowledgement.now.rawValue
        }
        devices[acknowledgement.device] = device
        return .cursor(MessageNumber(device.cursor))
    }

    /// Writes what changed; the users whose cursors rose.
    func finish() throws -> Set<Int64> {
        var users: Set<Int64> = []
        for (id, device) in devices where device.raised {
            try db.execute(
                cachedSQL: "UPDATE devices SET cursor = ?, last_seen = max(last_seen, ?) WHERE id = ?",
                arguments: [device.cursor, device.seen ?? 0, id.rawValue])
            if device.cursor > device.receivedThrough {
                try db.execute(
                    cachedSQL: "UPDATE inboxes SET received_through = max(received_through, ?) WHERE user_id = ?",
                    arguments: [device.cursor, device.user])
            }
            if device.byCallback, device.isFailing {
                try db.execute(
                    cachedSQL: "UPDATE devices SET failing_since = NULL, refused_number = NULL, refused_since = NULL WHERE id = ?",
                    arguments: [id.rawValue])
            }
            users.insert(device.user)
        }
        return users
    }

    private mutating func device(_ id: DeviceID) throws -> DeviceRow? {
        if let known = devices[id] { return known }
        let row = try Row.fetchOne(
            db,
            cachedSQL: """
                SELECT d.user_id, d.generation, d.cursor, d.failing_since IS NOT NULL AS failing, i.next, i.received_through
                FROM devices d JOIN inboxes i ON i.user_id = d.user_id WHERE d.id = ?
                """, arguments: [id.rawValue])
        guard let row else { return nil }
        return DeviceRow(
            user: row["user_id"], generation: row["generation"], head: (row["next"] as Int64) - 1,
            receivedThrough: row["received_through"], isFailing: row["failing"], cursor: row["cursor"])
    }
}

import GRDB
import MessengerAPI
import MessengerCore

extension AcknowledgementPlan {
    mutating func add(_ acknowledgement: Acknowledgement, in db: Database) throws -> AcknowledgementOutcome {
        try add(acknowledgement) { id in
            try Row.fetchOne(
                db,
                cachedSQL: """
                    SELECT d.user_id, d.generation, d.cursor, i.next FROM devices d JOIN inboxes i ON i.user_id = d.user_id
                    WHERE d.id = ?
                    """, arguments: [id.rawValue]
            ).map {
                DeviceState(
                    user: UserID($0["user_id"]), generation: $0["generation"], head: MessageNumber($0["next"]).previous,
                    cursor: MessageNumber($0["cursor"]))
            }
        }
    }

    /// Writes what was decided; the users whose cursors rose.
    func write(to db: Database) throws -> Set<Int64> {
        var users: Set<Int64> = []
        for (id, device) in changed {
            try db.execute(
                cachedSQL: "UPDATE devices SET cursor = ?, last_seen = max(last_seen, ?) WHERE id = ?",
                arguments: [device.cursor.rawValue, device.seen?.rawValue ?? 0, id.rawValue])
            try db.execute(
                cachedSQL: "UPDATE inboxes SET received_through = ?1 WHERE user_id = ?2 AND received_through < ?1",
                arguments: [device.cursor.rawValue, device.user.rawValue])
            if device.isReached {
                try db.execute(
                    cachedSQL: """
                        UPDATE devices SET failing_since = NULL, refused_number = NULL, refused_since = NULL
                        WHERE id = ? AND failing_since IS NOT NULL
                        """, arguments: [id.rawValue])
            }
            users.insert(device.user.rawValue)
        }
        return users
    }
}

import Foundation
import GRDB
import MessengerAPI
import MessengerCore

extension SQLiteBackend: CallbackStore {
    private static let dueDevices = """
        SELECT d.id, d.user_id, d.address FROM devices d WHERE d.pushes = 1
        AND EXISTS (SELECT 1 FROM messages m WHERE m.user_id = d.user_id AND m.number > d.cursor)
        """

    public func callbacksDue(of users: [UserID]?, besides others: Set<DeviceID>) async throws -> [CallbackDue] {
        try await read { db in
            let rows =
                if let users {
                    try Row.fetchAll(
                        db.cachedStatement(sql: Self.dueDevices + " AND d.user_id IN (SELECT value FROM json_each(?))"),
                        arguments: [Self.jsonArray(users)])
                } else {
                    try Row.fetchAll(db.cachedStatement(sql: Self.dueDevices))
                }
            let due = rows.map {
                CallbackDue(
                    device: DeviceID($0["id"]), user: UserID($0["user_id"]),
                    address: String(decoding: $0["address"] as Data, as: UTF8.self))
            }
            return due.filter { !others.contains($0.device) }
        }
    }

    public func callbackTarget(of device: DeviceID) async throws -> CallbackTarget? {
        try await read { db in
            let row = try Row.fetchOne(
                db,
                cachedSQL: """
                    SELECT user_id, generation, cursor, address, origin, origin_forwarded, secret, old_secret, old_secret_until,
                        refused_number, refused_since
                    FROM devices WHERE id = ? AND pushes = 1
                    """, arguments: [device.rawValue])
            guard let row, let address = CallbackAddress(String(decoding: row["address"] as Data, as: UTF8.self)),
                let origin = IPAddress(row["origin"] as String)
            else { return nil }
            let oldSecret = (row["old_secret"] as Data?).map {
                CallbackTarget.OldSecret(secret: Array($0), until: Timestamp(milliseconds: row["old_secret_until"]))
            }
            var refusal: CallbackTarget.Refusal?
            if let number = row["refused_number"] as Int64?, let since = row["refused_since"] as Int64? {
                refusal = CallbackTarget.Refusal(number: MessageNumber(number), since: Timestamp(milliseconds: since))
            }
            return CallbackTarget(
                device: device, user: UserID(row["user_id"]), generation: row["generation"],
                cursor: MessageNumber(row["cursor"]), address: address,
                origin: ClientOrigin(address: origin, wasForwarded: row["origin_forwarded"]),
                secret: Array(row["secret"] as Data), oldSecret: oldSecret, refusal: refusal)
        }
    }

    public func callbackFailed(_ failure: CallbackFailure) async throws {
        try await write { db in
            // One message is refused since its first refusal; any other outcome starts anew.
            try db.execute(
                cachedSQL: """
                    UPDATE devices SET failing_since = coalesce(failing_since, ?1),
                        refused_since = CASE WHEN ?2 IS NULL THEN NULL WHEN refused_number = ?2 THEN refused_since ELSE ?1 END,
                        refused_number = ?2
                    WHERE id = ?3 AND generation = ?4
                    """,
                arguments: [failure.at.rawValue, failure.refused?.rawValue, failure.device.rawValue, failure.generation])
        }
    }

    public func removeAddress(of device: DeviceID, generation: Int64) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE devices SET address = x'', pushes = 0 WHERE id = ? AND generation = ?",
                arguments: [device.rawValue, generation])
        }
    }

    public func passOver(_ number: MessageNumber, device: DeviceID, generation: Int64) async throws {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE devices SET cursor = ?, refused_number = NULL, refused_since = NULL
                    WHERE id = ? AND generation = ? AND cursor < ?
                    """, arguments: [number.rawValue, device.rawValue, generation, number.rawValue])
            guard db.changesCount == 1 else { return }
            try db.execute(
                sql: "INSERT INTO passed_over (device_id, number) VALUES (?, ?)", arguments: [device.rawValue, number.rawValue])
        }
    }

    public func passedOver(by device: DeviceID) async throws -> [MessageNumber] {
        try await read { db in
            try Int64.fetchAll(
                db.cachedStatement(sql: "SELECT number FROM passed_over WHERE device_id = ? ORDER BY number"),
                arguments: [device.rawValue]
            ).map { MessageNumber($0) }
        }
    }

    public func forgetPassedOver(_ numbers: [MessageNumber], by device: DeviceID) async throws {
        try await write { db in
            for number in numbers {
                try db.execute(
                    sql: "DELETE FROM passed_over WHERE device_id = ? AND number = ?",
                    arguments: [device.rawValue, number.rawValue])
            }
        }
    }
}

import GRDB
import MessengerAPI
import MessengerCore

extension SQLiteBackend {
    /// A live login, as an operator sees it.
    public struct SessionSummary: Sendable {
        public let device: DeviceID
        public let user: UserID
        public let username: String
        /// At most an hour off.
        public let lastUsed: Timestamp
        public let isPushedTo: Bool
    }

    /// Live sessions by device, beyond `after`; those of one user alone when it is named.
    public func sessions(of user: UserID?, after: DeviceID, limit: Int, now: Timestamp) async throws -> [SessionSummary] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT d.id, d.user_id, u.username, d.token_used, d.pushes FROM devices d JOIN users u ON u.id = d.user_id
                    WHERE d.id > ?1 AND d.token IS NOT NULL AND d.token_used > ?2 AND (?3 IS NULL OR d.user_id = ?3)
                    ORDER BY d.id LIMIT ?4
                    """, arguments: [after.rawValue, (now - Session.lifetime).rawValue, user?.rawValue, limit]
            ).map {
                SessionSummary(
                    device: DeviceID($0["id"]), user: UserID($0["user_id"]), username: $0["username"],
                    lastUsed: Timestamp(milliseconds: $0["token_used"]), isPushedTo: $0["pushes"])
            }
        }
    }
}

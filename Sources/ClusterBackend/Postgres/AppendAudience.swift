import MessengerAPI
import MessengerCore

/// A receiver's device that wants to know of a message at once, and the process that serves it.
struct AppendAudience {
    static let query = """
        SELECT d.user_id, a.node, d.pushes AND a.node IS NULL, c.node, c.user_id IS NOT NULL
        FROM devices d
        LEFT JOIN stream_attachments a ON a.user_id = d.user_id AND a.device_id = d.id
        LEFT JOIN callbacks_due c ON c.user_id = d.user_id AND c.device_id = d.id
        WHERE d.user_id = ANY ($1) AND (d.pushes OR a.node IS NOT NULL)
        """

    let user: UserID
    /// The listener that holds its live stream.
    let stream: NodeID?
    /// Whether it is pushed to, having no live stream.
    let isPushed: Bool
    /// The sender that pushes to it.
    let sender: NodeID?
    /// Whether it stands among the callbacks due.
    let isNoted: Bool

    init(_ row: PostgresRow) {
        user = row.id(0)
        stream = row.optionalInt(1).map { NodeID($0) }
        isPushed = row.bool(2)
        sender = row.optionalInt(3).map { NodeID($0) }
        isNoted = row.bool(4)
    }

    /// One for each process but `own`, which knows.
    static func hints(_ audience: [AppendAudience], except own: NodeID?) -> [HintDestination: Hints] {
        var hints: [HintDestination: Hints] = [:]
        for device in audience {
            if let stream = device.stream, stream != own { hints[.node(stream), default: Hints()].news.insert(device.user) }
            if device.isPushed { hints[device.sender.map { .node($0) } ?? .anySender, default: Hints()].news.insert(device.user) }
        }
        return hints
    }
}

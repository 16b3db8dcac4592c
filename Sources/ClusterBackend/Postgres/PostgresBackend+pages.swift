import MessengerAPI
import MessengerCore

/// A page of a device's inbox, as asked for.
struct PageRequest: Sendable {
    let device: DeviceID
    let after: MessageNumber
    let limit: Int
    let bytes: Int
}

extension PostgresBackend {
    /// One page for each request, in one query: a consistent snapshot. Nil for a device that is not there.
    static func pages(_ requests: [PageRequest], from pool: PostgresPool) async throws -> [PendingPage?] {
        try await pool.run(
            """
            SELECT r.place, d.user_id, greatest(r.after, d.cursor), i.next,
                m.number, m.sender_id, m.sender_username, m.send_date, m.body
            FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS r (device_id, after, messages, bytes, place)
            JOIN devices d ON d.id = r.device_id
            JOIN inboxes i ON i.user_id = d.user_id
            LEFT JOIN LATERAL (
                SELECT * FROM (
                    SELECT page.*, row_number() OVER rising AS row, sum(octet_length(body)) OVER rising AS total FROM (
                        SELECT number, sender_id, sender_username, send_date, body FROM messages
                        WHERE user_id = d.user_id AND number > greatest(r.after, d.cursor) ORDER BY number LIMIT r.messages
                    ) AS page WINDOW rising AS (ORDER BY number ROWS UNBOUNDED PRECEDING)
                ) AS counted WHERE row = 1 OR total <= r.bytes
            ) AS m ON true
            ORDER BY r.place, m.number
            """, .ids(requests.map(\.device)), .ids(requests.map(\.after)), .ints(requests.map { Int64($0.limit) }),
            .ints(requests.map { Int64(clamping: $0.bytes) })
        ) { rows in
            var bounds = [(start: MessageNumber, head: MessageNumber)?](repeating: nil, count: requests.count)
            var messages = [[InboxMessage]](repeating: [], count: requests.count)
            for (place, start, next, message) in rows.map({ ($0.size(0) - 1, $0.id(2), $0.id(3), Self.message($0)) })
                as [(Int, MessageNumber, MessageNumber, InboxMessage?)]
            {
                bounds[place] = (start, next.previous)
                if let message { messages[place].append(message) }
            }
            return zip(bounds, messages).map { bounds, messages in
                bounds.map { PendingPage(messages: messages, start: $0.start, head: $0.head) }
            }
        }
    }

    private static func message(_ row: PostgresRow) -> InboxMessage? {
        row.optionalInt(4).map { number in
            InboxMessage(
                number: MessageNumber(number), sender: row.id(5), senderUsername: row.text(6), receiver: row.id(1),
                body: row.text(8), sendDate: row.text(7))
        }
    }
}

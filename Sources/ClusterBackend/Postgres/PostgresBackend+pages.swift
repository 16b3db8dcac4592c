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
            LEFT JOIN LATERAL (\(page(after: "greatest(r.after, d.cursor)", messages: "r.messages", bytes: "r.bytes"))) AS m ON true
            ORDER BY r.place, m.number
            """, .ids(requests.map(\.device)), .ids(requests.map(\.after)), .ints(requests.map { Int64($0.limit) }),
            .ints(requests.map { Int64(clamping: $0.bytes) })
        ) { rows in
            var bounds = [(start: MessageNumber, head: MessageNumber)?](repeating: nil, count: requests.count)
            var messages = [[InboxMessage]](repeating: [], count: requests.count)
            for (place, start, next, message) in rows.map({
                (
                    $0.size(0) - 1, $0.id(2), $0.id(3),
                    $0.optionalInt(4) == nil ? nil : Self.message($0, receiver: $0.id(1), from: 4)
                )
            })
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

    /// The messages of a device `d` beyond a number, oldest first: so many, and so many bytes, but at least one.
    static func page(after: String, messages: String, bytes: String) -> String {
        """
        SELECT * FROM (
            SELECT page.*, row_number() OVER rising AS row, sum(octet_length(body)) OVER rising AS total FROM (
                SELECT number, sender_id, sender_username, send_date, body FROM messages
                WHERE user_id = d.user_id AND number > \(after) ORDER BY number LIMIT \(messages)
            ) AS page WINDOW rising AS (ORDER BY number ROWS UNBOUNDED PRECEDING)
        ) AS counted WHERE row = 1 OR total <= \(bytes)
        """
    }

    /// From five columns: number, sender, name, date, body.
    static func message(_ row: PostgresRow, receiver: UserID, from column: Int32) -> InboxMessage {
        InboxMessage(
            number: row.id(column), sender: row.id(column + 1), senderUsername: row.text(column + 2), receiver: receiver,
            body: row.text(column + 4), sendDate: row.text(column + 3))
    }
}

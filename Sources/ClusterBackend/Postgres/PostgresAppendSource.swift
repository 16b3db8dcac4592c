import MessengerAPI
import MessengerCore

/// Inboxes and keys as one transaction has locked and read them, all at once.
struct PostgresAppendSource: AppendSource {
    private let inboxes: [UserID: InboxState]
    private let keys: [SenderKey: UsedKey]
    /// Reads the sizes of one inbox's received messages: rare, and only when that inbox is full.
    private let received: [UserID: [(number: MessageNumber, bytes: Int)]]

    /// Who wants to know of messages to the receivers. Read under the locks: a stream that begins now either is seen here, or
    /// sees what is committed here.
    let audience: [AppendAudience]

    private struct SenderKey: Hashable {
        let user: UserID
        let key: IdempotencyKey
    }

    /// Who takes part: receivers, and senders whose keys are counted. Their inboxes are locked, in the order of their ids.
    private static let lock = """
        SELECT user_id, next, messages, bytes, live_keys, keys_version FROM inboxes WHERE user_id = ANY ($1)
        ORDER BY user_id FOR NO KEY UPDATE
        """
    private static let existing = """
        SELECT user_id, next, messages, bytes, live_keys, keys_version FROM inboxes WHERE user_id = ANY ($1)
        """
    private static let usedKeys = """
        SELECT k.user_id, k.key, k.fingerprint, k.receivers, k.created_at
        FROM unnest($1, $2) AS asked (user_id, key) JOIN idempotency_keys k USING (user_id, key)
        """
    private static let receivedMessages = """
        SELECT m.number, octet_length(m.body)::bigint FROM messages m JOIN inboxes i ON i.user_id = m.user_id
        WHERE m.user_id = $1 AND m.number > i.dropped_through AND m.number <= greatest(
            i.received_through, (SELECT max(acknowledged) FROM devices d WHERE d.user_id = i.user_id))
        ORDER BY m.number
        """

    /// One round trip, but for inboxes that are full.
    init(
        _ submissions: [Submission], limits: InboxLimits, _ transaction: inout PostgresTransaction
    ) throws(PostgresError) {
        let keyed = submissions.filter { $0.key != nil }
        let changing = Set(submissions.flatMap { $0.messages.map(\.receiver) } + keyed.map(\.sender))
        let silent = Set(submissions.map(\.sender)).subtracting(changing)
        var statements = [
            PostgresStatement(Self.lock, .ids(changing.sorted())), PostgresStatement(Self.existing, .ids(silent)),
            PostgresStatement(AppendAudience.query, .ids(Set(submissions.flatMap { $0.messages.map(\.receiver) }))),
        ]
        if !keyed.isEmpty {
            statements.append(
                PostgresStatement(Self.usedKeys, .ids(keyed.map(\.sender)), .texts(keyed.map { $0.key!.text })))
        }
        let rows = try transaction.run(statements)
        inboxes = Self.inboxes(rows[0]).merging(Self.inboxes(rows[1])) { $1 }
        audience = rows[2].map(AppendAudience.init)
        keys = keyed.isEmpty ? [:] : Self.keys(rows[3])
        received = try Self.full(inboxes, submissions, limits, &transaction)
    }

    func inbox(_ user: UserID) -> InboxState? { inboxes[user] }

    func usedKey(_ key: IdempotencyKey, of sender: UserID) -> UsedKey? { keys[SenderKey(user: sender, key: key)] }

    func received(in user: UserID, after: MessageNumber, take: (MessageNumber, Int) -> Bool) {
        for (number, bytes) in received[user] ?? [] where number > after {
            if !take(number, bytes) { return }
        }
    }

    private static func inboxes(_ rows: PostgresRows) -> [UserID: InboxState] {
        Dictionary(
            uniqueKeysWithValues: rows.map {
                let state = InboxState(
                    next: $0.id(1), messages: $0.size(2), bytes: $0.size(3), liveKeys: $0.size(4), keysVersion: $0.id(5))
                return ($0.id(0), state)
            })
    }

    private static func keys(_ rows: PostgresRows) -> [SenderKey: UsedKey] {
        let keys = rows.map { row in
            IdempotencyKey(row.text(1)).map { key in
                (
                    SenderKey(user: row.id(0), key: key),
                    UsedKey(fingerprint: row.bytes(2), receivers: row.size(3), at: Timestamp(milliseconds: row.int(4)))
                )
            }
        }
        return Dictionary(keys.compactMap { $0 }) { $1 }
    }

    /// What may be dropped from each inbox that could not take all of this batch.
    private static func full(
        _ inboxes: [UserID: InboxState], _ submissions: [Submission], _ limits: InboxLimits,
        _ transaction: inout PostgresTransaction
    ) throws(PostgresError) -> [UserID: [(number: MessageNumber, bytes: Int)]] {
        var coming: [UserID: (messages: Int, bytes: Int)] = [:]
        for message in submissions.lazy.flatMap(\.messages) {
            coming[message.receiver, default: (0, 0)].messages += 1
            coming[message.receiver, default: (0, 0)].bytes += message.body.utf8.count
        }
        var received: [UserID: [(number: MessageNumber, bytes: Int)]] = [:]
        for (user, more) in coming {
            guard let inbox = inboxes[user],
                inbox.messages + more.messages > limits.messages || inbox.bytes + more.bytes > limits.bytes
            else { continue }
            received[user] = try transaction.run(Self.receivedMessages, .id(user)).map { ($0.id(0), $0.size(1)) }
        }
        return received
    }
}

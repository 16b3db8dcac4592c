/// A table of an installation as every backend has it, so that one can be copied into another: the columns, the key first.
///
/// What a backend keeps for itself, or derives, is not among them.
public struct StoredTable: Sendable {
    public enum Kind: Sendable { case int, bool, text, bytes }

    public struct Column: Sendable {
        public let name: String
        public let kind: Kind

        static func int(_ name: String) -> Column { Column(name: name, kind: .int) }
        static func bool(_ name: String) -> Column { Column(name: name, kind: .bool) }
        static func text(_ name: String) -> Column { Column(name: name, kind: .text) }
        static func bytes(_ name: String) -> Column { Column(name: name, kind: .bytes) }
    }

    public let name: String
    public let columns: [Column]
    private let keyLength: Int

    private init(_ name: String, key: [Column], _ rest: [Column] = []) {
        self.name = name
        columns = key + rest
        keyLength = key.count
    }

    /// Tells rows apart and orders them: numbers by value, text and bytes byte by byte.
    public var key: ArraySlice<Column> { columns.prefix(keyLength) }

    public func key(of row: StoredRow) -> [StoredValue] { Array(row.prefix(keyLength)) }
}

extension StoredTable {
    /// All of an installation, the small ones first.
    public static let all = [
        secrets, users, inboxes, devices, passedOver, invitations, doomedInboxes, idempotencyKeys, messages,
    ]

    static let secrets = StoredTable("secrets", key: [.text("name")], [.bytes("value")])

    public static let users = StoredTable(
        "users", key: [.int("id")],
        [.text("username"), .bytes("phone"), .text("password_hash"), .bytes("public_key"), .int("created_at")])

    static let inboxes = StoredTable(
        "inboxes", key: [.int("user_id")],
        [.int("next"), .int("received_through"), .int("messages"), .int("bytes"), .int("live_keys")])

    public static let devices = StoredTable(
        "devices", key: [.int("id")],
        [
            .int("user_id"), .int("cursor"), .int("generation"), .bytes("token"), .int("token_used"), .int("last_seen"),
            .bytes("address"), .bool("pushes"), .text("origin"), .bool("origin_forwarded"), .text("origin_key"),
            .bytes("secret"), .bytes("old_secret"), .int("old_secret_until"), .int("failing_since"), .int("refused_number"),
            .int("refused_since"),
        ])

    /// Numbers that a device's callbacks gave up, until they are announced.
    public static let passedOver = StoredTable("passed_over", key: [.int("device_id"), .int("number")], [.int("user_id")])

    static let invitations = StoredTable("invitations", key: [.bytes("code")], [.int("expires_at")])

    /// Of deleted users, whose messages and keys are still to be dropped.
    static let doomedInboxes = StoredTable("doomed_inboxes", key: [.int("user_id")])

    static let idempotencyKeys = StoredTable(
        "idempotency_keys", key: [.int("user_id"), .text("key")],
        [.bytes("fingerprint"), .int("receivers"), .int("created_at")])

    static let messages = StoredTable(
        "messages", key: [.int("user_id"), .int("number")],
        [.int("sender_id"), .text("sender_username"), .text("send_date"), .int("accepted_at"), .bytes("body")])
}

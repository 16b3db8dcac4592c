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
        secrets, users, inboxes, devices, passedOver, invitations, doomedInboxes, logHead, logTiles, logEntries, logAccounts,
        keyAccounts, keyStates, keyCertificates, keyDevices, oneTimeKeys, claimAllowances, linkNotes, blobs, idempotencyKeys,
        messages, blobPieces,
    ]

    static let secrets = StoredTable("secrets", key: [.text("name")], [.bytes("value")])

    public static let users = StoredTable(
        "users", key: [.int("id")],
        [.text("username"), .bytes("phone"), .text("password_hash"), .bytes("public_key"), .int("created_at")])

    static let inboxes = StoredTable(
        "inboxes", key: [.int("user_id")],
        [.int("next"), .int("received_through"), .int("messages"), .int("bytes"), .int("live_keys"), .int("keys_version")])

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

    static let keyAccounts = StoredTable("key_accounts", key: [.int("user_id")], [.int("states_free_at")])

    static let keyStates = StoredTable(
        "key_states", key: [.int("user_id"), .int("seq")], [.int("place"), .bytes("state")])

    static let keyCertificates = StoredTable(
        "key_certificates", key: [.int("user_id"), .bytes("hash")], [.bytes("certificate")])

    static let keyDevices = StoredTable(
        "key_devices", key: [.int("user_id"), .bytes("device")],
        [.bytes("certificate"), .int("owner"), .bytes("rotating"), .int("sealed_through")])

    static let oneTimeKeys = StoredTable(
        "one_time_keys", key: [.int("user_id"), .bytes("device"), .bytes("id")],
        [
            .int("position"), .int("expires_at"), .bytes("record"), .int("claimer_id"), .text("request"), .int("claimed_at"),
        ])

    static let claimAllowances = StoredTable(
        "claim_allowances", key: [.int("claimer_id"), .int("user_id")], [.int("free_at")])

    static let linkNotes = StoredTable(
        "link_notes", key: [.int("user_id"), .bytes("id")], [.bytes("data"), .int("expires_at")])

    /// The key log goes over byte for byte: clients hold on to what they have seen of it.
    static let logEntries = StoredTable(
        "log_entries", key: [.int("place")],
        [.bytes("entry"), .bytes("salt"), .bytes("record"), .int("tombstone"), .int("erase_at")])

    static let logAccounts = StoredTable("log_accounts", key: [.bytes("account")])

    static let logTiles = StoredTable("log_tiles", key: [.int("level"), .int("number")], [.bytes("hashes")])

    static let logHead = StoredTable(
        "log_head", key: [.int("id")], [.int("size"), .bytes("checkpoint"), .int("cosigned_at")])

    static let blobs = StoredTable(
        "blobs", key: [.bytes("id")], [.int("user_id"), .int("length"), .int("received"), .int("expires_at")])

    static let blobPieces = StoredTable("blob_pieces", key: [.bytes("blob"), .int("number")], [.bytes("bytes")])

    static let messages = StoredTable(
        "messages", key: [.int("user_id"), .int("number")],
        [.int("sender_id"), .text("sender_username"), .text("send_date"), .int("accepted_at"), .bytes("body")])
}

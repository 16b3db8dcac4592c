import MessengerCore

/// What is derived from the tables once they are all there.
extension PostgresImport {
    /// Lets no user or device get an id up to these.
    public func raiseIDs(users: Int64, devices: Int64) async throws {
        try await write { transaction in
            for (sequence, last) in [("pg_get_serial_sequence('users', 'id')", users), ("'device_ids'", devices)] where last > 0 {
                try transaction.run("SELECT setval(\(sequence)::regclass, $1)", .int(last))
            }
        }
    }

    /// Notes the devices that have an address and something to push, some at a time. May be run again.
    public func noteDueCallbacks() async throws {
        var last: Int64? = 0
        while let start = last {
            last = try await write { transaction in
                try transaction.run(Self.noteDue, .int(start)).first?.optionalInt(0)
            }
        }
    }

    private static let noteDue = """
        WITH page AS (SELECT user_id, id, pushes, cursor FROM devices WHERE id > $1 ORDER BY id LIMIT 1000),
        noted AS (
            INSERT INTO callbacks_due (user_id, device_id)
            SELECT d.user_id, d.id FROM page d
            WHERE d.pushes AND EXISTS (SELECT 1 FROM messages m WHERE m.user_id = d.user_id AND m.number > d.cursor)
            ON CONFLICT DO NOTHING
        )
        SELECT max(id) FROM page
        """

    /// From now on the database can be served from.
    public func complete() async throws {
        try await write { _ = try $0.run("UPDATE imports SET complete = true") }
    }
}

extension StoredTable.Kind {
    var elementType: PostgresValue.ElementType {
        switch self {
        case .int: .int
        case .bool: .bool
        case .text: .text
        case .bytes: .bytes
        }
    }
}

extension PostgresValue {
    init(_ value: StoredValue, _ kind: StoredTable.Kind) {
        switch value {
        case .null: self = .null(of: kind.elementType)
        case .int(let number): self = kind == .bool ? .bool(number != 0) : .int(number)
        case .bytes(let bytes): self = kind == .text ? .text(String(decoding: bytes, as: UTF8.self)) : .bytes(bytes)
        }
    }
}

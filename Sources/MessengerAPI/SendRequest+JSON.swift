extension SendRequest {
    /// Reads a body strictly; unknown members are ignored, `null` is as if it were not there. Throws `JSONError`.
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(json)
        var fields = Fields()
        try scanner.readObject { (name, scanner) throws(JSONError) in
            switch name {
            case "message": fields.message = try scanner.optionalString(name)
            case "sender_id": fields.senderID = try scanner.optionalInteger(name)
            case "sender_username": fields.senderUsername = try scanner.optionalString(name)
            case "receiver_id": fields.receiverID = try scanner.optionalInteger(name)
            case "send_date": fields.sendDate = try scanner.optionalString(name)
            case "client_message_id": fields.clientMessageID = try scanner.optionalString(name)
            case "messages": fields.messages = try Self.items(&scanner)
            default: try scanner.skipValue()
            }
        }
        try scanner.end()
        self.init(
            message: fields.message, senderID: fields.senderID.map { UserID($0) }, senderUsername: fields.senderUsername,
            receiverID: fields.receiverID.map { UserID($0) }, sendDate: fields.sendDate, messages: fields.messages,
            clientMessageID: fields.clientMessageID)
    }

    private struct Fields {
        var message: String?
        var senderID: Int64?
        var senderUsername: String?
        var receiverID: Int64?
        var sendDate: String?
        var messages: [Item]?
        var clientMessageID: String?
    }

    private static func items(_ scanner: inout JSONScanner) throws(JSONError) -> [Item]? {
        let kind = try scanner.kind()
        guard kind != .null else {
            try scanner.skipValue()
            return nil
        }
        guard kind == .array else { throw .wrongType(field: "messages") }
        var items: [Item] = []
        try scanner.array { (index, scanner) throws(JSONError) in
            do throws(JSONError) {
                items.append(try item(&scanner))
            } catch {
                throw error.within("messages.\(index)")
            }
        }
        return items
    }

    private static func item(_ scanner: inout JSONScanner) throws(JSONError) -> Item {
        var receiver: Int64?
        var message: String?
        try scanner.readObject { (name, scanner) throws(JSONError) in
            switch name {
            case "receiver_id": receiver = try scanner.optionalInteger(name)
            case "message": message = try scanner.optionalString(name)
            default: try scanner.skipValue()
            }
        }
        guard let receiver else { throw .missing(field: "receiver_id") }
        guard let message else { throw .missing(field: "message") }
        return Item(receiverID: UserID(receiver), message: message)
    }
}

extension Acknowledged {
    /// Reads a body strictly. Throws `JSONError`.
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(json)
        var through: Int64?
        try scanner.readObject { (name, scanner) throws(JSONError) in
            if name == "through" { through = try scanner.optionalInteger(name) } else { try scanner.skipValue() }
        }
        try scanner.end()
        guard let through else { throw .missing(field: "through") }
        self.init(through: MessageNumber(through))
    }
}

extension JSONScanner {
    fileprivate mutating func readObject(
        _ member: (String, inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard try kind() == .object else { throw .notAnObject }
        try object(member)
    }

    fileprivate mutating func optionalString(_ field: String) throws(JSONError) -> String? {
        switch try kind() {
        case .string: return try string()
        case .null: return try skipNull()
        default: throw .wrongType(field: field)
        }
    }

    fileprivate mutating func optionalInteger(_ field: String) throws(JSONError) -> Int64? {
        switch try kind() {
        case .number:
            guard let number = try integer() else { throw .wrongType(field: field) }
            return number
        case .null: return try skipNull()
        default: throw .wrongType(field: field)
        }
    }

    private mutating func skipNull<Value>() throws(JSONError) -> Value? {
        try skipValue()
        return nil
    }
}

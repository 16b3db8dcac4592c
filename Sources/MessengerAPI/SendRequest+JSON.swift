extension SendRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(json)
        var fields = Fields()
        try scanner.readObject { (name, scanner) throws(JSONError) in
            switch name {
            case "message": fields.message = try scanner.optionalString(name)
            case "sender_id": fields.senderID = try scanner.optionalInteger(name)
            case "sender_username": fields.senderUsername = try scanner.optionalString(name)
            case "receiver_id": fields.receiverID = try scanner.optionalInteger(name)
            case "keys_version": fields.keysVersion = try scanner.optionalInteger(name)
            case "send_date": fields.sendDate = try scanner.optionalString(name)
            case "client_message_id": fields.clientMessageID = try scanner.optionalString(name)
            case "messages": fields.messages = try Self.items(&scanner)
            default: try scanner.skipValue()
            }
        }
        try scanner.end()
        self.init(
            message: fields.message, senderID: fields.senderID.map { UserID($0) }, senderUsername: fields.senderUsername,
            receiverID: fields.receiverID.map { UserID($0) }, keysVersion: fields.keysVersion.map { KeysVersion($0) },
            sendDate: fields.sendDate, messages: fields.messages,
            clientMessageID: fields.clientMessageID)
    }

    private struct Fields {
        var message: String?
        var senderID: Int64?
        var senderUsername: String?
        var receiverID: Int64?
        var keysVersion: Int64?
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
        var (receiver, keysVersion): (Int64?, Int64?)
        var message: String?
        try scanner.readObject { (name, scanner) throws(JSONError) in
            switch name {
            case "receiver_id": receiver = try scanner.optionalInteger(name)
            case "message": message = try scanner.optionalString(name)
            case "keys_version": keysVersion = try scanner.optionalInteger(name)
            default: try scanner.skipValue()
            }
        }
        return Item(
            receiverID: UserID(try receiver.orMissing("receiver_id")), message: try message.orMissing("message"),
            keysVersion: keysVersion.map { KeysVersion($0) })
    }
}

extension Acknowledged: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(json)
        var through: Int64?
        try scanner.readObject { (name, scanner) throws(JSONError) in
            if name == "through" { through = try scanner.optionalInteger(name) } else { try scanner.skipValue() }
        }
        try scanner.end()
        self.init(through: MessageNumber(try through.orMissing("through")))
    }
}

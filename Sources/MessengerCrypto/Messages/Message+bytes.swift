import KeyLog

extension Message {
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.version, type.rawValue]
        bytes.reserveCapacity(Self.fixedSize + content.count)
        bytes.append(bigEndian: flags.rawValue)
        bytes.append(fromAccount)
        bytes.append(fromDevice)
        bytes.append(conversation)
        bytes.append(id)
        bytes.append(bigEndian: counter)
        bytes.append(previous)
        bytes.append(bigEndian: sent)
        bytes.append(bigEndian: fromSeq)
        bytes.append(bigEndian: logSize)
        bytes.append(logRoot)
        bytes.append(newestKey)
        bytes.append(bigEndian: newestKeyCreated)
        bytes.append(bigEndian: groupEpoch)
        bytes.append(groupState)
        bytes.append(bigEndian: UInt32(truncatingIfNeeded: content.count))
        bytes += content
        return bytes
    }

    /// Reads a stored message: the bytes and nothing after them.
    public init(_ bytes: [UInt8]) throws(EnvelopeCheck) {
        let (message, end) = try Self.parse(bytes, from: 0)
        guard end == bytes.count else { throw .padding }
        self = message
    }

    /// Reads a message that begins at `start`, and says where it ends. Checks its version (E02) and its length (E09).
    static func parse(_ bytes: [UInt8], from start: Int) throws(EnvelopeCheck) -> (message: Message, end: Int) {
        var reader = ByteReader(bytes)
        guard (try? reader.take(start)) != nil, let version = try? reader.integer(UInt8.self) else { throw .padding }
        guard version == Self.version else { throw .version }
        guard let message = try? Message(from: &reader) else { throw .padding }
        return (message, reader.position)
    }

    private init(from reader: inout ByteReader) throws {
        type = MessageType(rawValue: try reader.integer())
        flags = Flags(rawValue: try reader.integer())
        fromAccount = try reader.fixed()
        fromDevice = try reader.fixed()
        conversation = try reader.fixed()
        id = try reader.fixed()
        counter = try reader.integer()
        previous = try reader.fixed()
        sent = try reader.integer()
        fromSeq = try reader.integer()
        logSize = try reader.integer()
        logRoot = try reader.fixed()
        newestKey = try reader.fixed()
        newestKeyCreated = try reader.integer()
        groupEpoch = try reader.integer()
        groupState = try reader.fixed()
        let length = Int(try reader.integer(UInt32.self))
        guard length <= Self.maximumContent else { throw MessageError.contentTooLong }
        content = Array(try reader.take(length))
    }
}

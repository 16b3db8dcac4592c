import KeyLog
import MessengerCrypto

/// What a backup holds of one device: messages, contacts and groups, never keys of devices or envelopes. One record after another, each
/// a kind u8, a length u32, and its fields as a `ByteList`.
enum BackupRecord: Sendable {
    case message(peer: String, message: [UInt8], findings: [UInt8], isMine: Bool)
    case contact(username: String, account: AccountID, isVerified: Bool)
    case remembered(EnvelopeHash)
    /// Before it in the backup: the changes that it builds on.
    case groupChange(ConversationID, Signed<GroupChange>)
    case groupName(Signed<GroupName>)

    init(_ contact: StoredContact) {
        self = .contact(username: contact.username, account: contact.account, isVerified: contact.isVerified)
    }

    var bytes: [UInt8] {
        switch self {
        case .message(let peer, let message, let findings, let isMine):
            Self.bytes(1, [Array(peer.utf8), message, findings, [isMine ? 1 : 0]])
        case .contact(let username, let account, let isVerified):
            Self.bytes(2, [Array(username.utf8), account.bytes, [isVerified ? 1 : 0]])
        case .remembered(let hash): Self.bytes(3, [hash.bytes])
        case .groupChange(let id, let change): Self.bytes(4, [id.bytes, change.bytes])
        case .groupName(let name): Self.bytes(5, [name.bytes])
        }
    }

    private static func bytes(_ kind: UInt8, _ fields: [[UInt8]]) -> [UInt8] {
        let list = ByteList.bytes(fields)
        var bytes = [kind]
        bytes.append(bigEndian: UInt32(truncatingIfNeeded: list.count))
        return bytes + list
    }

    /// Nil for a kind that is not known, or fields that are not its own.
    init?(kind: UInt8, fields: [[UInt8]]) {
        switch (kind, fields.count) {
        case (1, 4):
            guard let peer = String(validating: fields[0], as: UTF8.self) else { return nil }
            self = .message(peer: peer, message: fields[1], findings: fields[2], isMine: fields[3] == [1])
        case (2, 3):
            guard let username = String(validating: fields[0], as: UTF8.self), let account = AccountID(fields[1]) else {
                return nil
            }
            self = .contact(username: username, account: account, isVerified: fields[2] == [1])
        case (3, 1):
            guard let hash = EnvelopeHash(fields[0]) else { return nil }
            self = .remembered(hash)
        case (4, 2):
            guard let id = ConversationID(fields[0]), let change = Signed<GroupChange>(fields[1]) else { return nil }
            self = .groupChange(id, change)
        case (5, 1):
            guard let name = Signed<GroupName>(fields[0]) else { return nil }
            self = .groupName(name)
        default: return nil
        }
    }

    /// Takes whole records from the front of what has been decrypted so far, and leaves the rest. Kinds that are not known are
    /// passed over.
    static func take(from waiting: inout [UInt8]) -> [BackupRecord] {
        var reader = ByteReader(waiting)
        var records: [BackupRecord] = []
        var end = 0
        while let kind = try? reader.integer(UInt8.self), let length = try? reader.integer(UInt32.self),
            let list = try? reader.take(Int(length))
        {
            end = reader.position
            if let fields = ByteList.items(Array(list)), let record = BackupRecord(kind: kind, fields: fields) {
                records.append(record)
            }
        }
        waiting.removeFirst(end)
        return records
    }
}

import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// The fields of all types that are known here (protocol, section 7); each type has some.
private struct ContentFields: Codable {
    var text: String?
    var replyTo: String?
    var expiresAfter: Int?
    var to: String?
    var of: String?
    var emoji: String?
    var delivered: [String]?
    var read: [String]?
    var envelope: String?
    var name: String?
    var mediaType: String?
    var size: Int?
    var blob: String?
    var key: String?
    var sha256: String?

    enum CodingKeys: String, CodingKey {
        case text, to, of, emoji, delivered, read, envelope, name, size, blob, key, sha256
        case replyTo = "reply_to"
        case expiresAfter = "expires_after"
        case mediaType = "media_type"
    }
}

extension MessageContent {
    /// - Parameter peer: the username of the other side, for the sender's other devices, which may not know the conversation.
    /// - Parameter timer: of the conversation, in seconds; for what has no time of its own.
    func json(peer: String?, timer: Int? = nil) -> [UInt8] {
        var fields = ContentFields()
        fields.to = peer
        switch self {
        case .text(let text, let replyTo, let expiresAfter):
            fields.text = text
            fields.replyTo = replyTo.map(Self.text)
            fields.expiresAfter = (expiresAfter ?? timer).flatMap { $0 > 0 ? $0 : nil }
        case .edit(let of, let text):
            fields.of = Self.text(of)
            fields.text = text
        case .delete(let of): fields.of = Self.text(of)
        case .reaction(let of, let emoji):
            fields.of = Self.text(of)
            fields.emoji = emoji
        case .receipt(let delivered, let read):
            fields.delivered = delivered.map(Self.text)
            fields.read = read.map(Self.text)
        case .attachment(let attachment):
            fields.name = attachment.name
            fields.mediaType = attachment.mediaType
            fields.size = attachment.size
            fields.blob = attachment.blob
            fields.key = Base64.text(attachment.key.exposed)
            fields.sha256 = Base64.text(attachment.sha256)
            fields.text = attachment.text
            fields.expiresAfter = timer
        case .timer(let seconds): fields.expiresAfter = seconds
        case .askAgain(let envelope): fields.envelope = Self.text(envelope)
        case .notice: break
        case .group(let update): return update.json(peer: peer)
        case .unknown(_, let json): return json
        }
        return WireJSON.encode(fields)
    }

    /// Reads the content of a message; a type that is not known is kept. Nil when it is not as its type demands (E15).
    init?(_ message: Message) {
        guard message.hasStrictContent else { return nil }
        guard message.type.isKnown else {
            self = .unknown(type: message.type.rawValue, json: message.content)
            return
        }
        let json = message.content.isEmpty ? Array("{}".utf8) : message.content
        if message.type == .group {
            guard let update = GroupUpdate(json: json) else { return nil }
            self = .group(update)
            return
        }
        guard let fields = try? JSONDecoder().decode(ContentFields.self, from: Data(json)),
            let content = Self.content(message.type, fields)
        else { return nil }
        self = content
    }

    /// Ten years, in seconds.
    static let longestExpiry = 10 * 366 * 24 * 3600

    /// After how many seconds a text or an attachment goes; nil for what stays.
    static func expiry(of message: Message) -> Int? {
        guard message.type == .text || message.type == .attachment, message.hasStrictContent else { return nil }
        let fields = try? JSONDecoder().decode(ContentFields.self, from: Data(message.content))
        return fields?.expiresAfter.flatMap { $0 > 0 ? min($0, longestExpiry) : nil }
    }

    /// Whom the sender says it wrote to; to be checked against the conversation.
    static func statedPeer(_ message: Message) -> String? {
        guard message.hasStrictContent else { return nil }
        return (try? JSONDecoder().decode(ContentFields.self, from: Data(message.content)))?.to
    }

    private static func content(_ type: MessageType, _ fields: ContentFields) -> MessageContent? {
        switch type {
        case .text:
            guard let text = fields.text, isHashOrNil(fields.replyTo) else { return nil }
            return .text(text, replyTo: fields.replyTo.flatMap(hash), expiresAfter: fields.expiresAfter)
        case .edit:
            guard let of = fields.of.flatMap(hash), let text = fields.text else { return nil }
            return .edit(of: of, text: text)
        case .delete: return fields.of.flatMap(hash).map { .delete(of: $0) }
        case .reaction:
            guard let of = fields.of.flatMap(hash), let emoji = fields.emoji else { return nil }
            return .reaction(of: of, emoji: emoji)
        case .receipt:
            return .receipt(delivered: (fields.delivered ?? []).compactMap(hash), read: (fields.read ?? []).compactMap(hash))
        case .attachment: return attachment(fields)
        case .askAgain: return fields.envelope.flatMap(Base64.bytes).flatMap { EnvelopeHash($0) }.map { .askAgain($0) }
        case .notice: return .notice
        case .timer:
            guard fields.expiresAfter.map({ (1...longestExpiry).contains($0) }) ?? true else { return nil }
            return .timer(fields.expiresAfter)
        default: return nil
        }
    }

    private static func attachment(_ fields: ContentFields) -> MessageContent? {
        guard let name = fields.name, let mediaType = fields.mediaType, let size = fields.size, size >= 0,
            let blob = fields.blob, let key = fields.key.flatMap(Base64.bytes), key.count == ChunkedEncryptor.keySize,
            let sha256 = fields.sha256.flatMap(Base64.bytes), sha256.count == 32
        else { return nil }
        return .attachment(
            Attachment(
                name: name, mediaType: mediaType, size: size, blob: blob, key: SecretBytes(key), sha256: sha256,
                text: fields.text))
    }

    private static func text(_ hash: some FixedBytes) -> String { Base64.text(hash.bytes) }
    private static func hash(_ text: String) -> MessageHash? { Base64.bytes(text).flatMap { MessageHash($0) } }
    private static func isHashOrNil(_ text: String?) -> Bool { text.map { hash($0) != nil } ?? true }
}

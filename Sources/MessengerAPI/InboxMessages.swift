/// Body of `POST /api/messages/`, one receiver or many. Which fields must be there depends on the form, so all are
/// optional here.
public struct SendRequest: Sendable {
    public struct Item: Sendable {
        public let receiverID: UserID
        public let message: String
        /// The version of the receiver's keys that the message is sealed to; nil for one that is not sealed.
        public let keysVersion: KeysVersion?

        public init(receiverID: UserID, message: String, keysVersion: KeysVersion? = nil) {
            self.receiverID = receiverID
            self.message = message
            self.keysVersion = keysVersion
        }
    }

    public let message: String?
    public let senderID: UserID?
    public let senderUsername: String?
    public let receiverID: UserID?
    /// As in an item.
    public let keysVersion: KeysVersion?
    public let sendDate: String?
    public let messages: [Item]?
    public let clientMessageID: String?

    public init(
        message: String? = nil, senderID: UserID? = nil, senderUsername: String? = nil, receiverID: UserID? = nil,
        keysVersion: KeysVersion? = nil, sendDate: String?, messages: [Item]? = nil, clientMessageID: String? = nil
    ) {
        self.message = message
        self.senderID = senderID
        self.senderUsername = senderUsername
        self.receiverID = receiverID
        self.keysVersion = keysVersion
        self.sendDate = sendDate
        self.messages = messages
        self.clientMessageID = clientMessageID
    }
}

/// Answer of `POST /api/messages/` when JSON is asked for.
public struct SendResponse: Codable, Sendable {
    public let status: String
    public let clientMessageID: String?
    public let receivers: Int

    public init(clientMessageID: String?, receivers: Int) {
        self.status = "accepted"
        self.clientMessageID = clientMessageID
        self.receivers = receivers
    }

    enum CodingKeys: String, CodingKey {
        case status, receivers
        case clientMessageID = "client_message_id"
    }
}

/// A message as a page, a stream and a callback carry it.
public struct DeliveredMessage: Codable, Sendable, Equatable {
    public let messageID: MessageNumber
    public let senderID: UserID
    public let senderUsername: String
    public let receiverID: UserID
    public let message: String
    public let sendDate: String

    public init(
        messageID: MessageNumber, senderID: UserID, senderUsername: String, receiverID: UserID, message: String, sendDate: String
    ) {
        self.messageID = messageID
        self.senderID = senderID
        self.senderUsername = senderUsername
        self.receiverID = receiverID
        self.message = message
        self.sendDate = sendDate
    }

    enum CodingKeys: String, CodingKey {
        case message
        case messageID = "message_id"
        case senderID = "sender_id"
        case senderUsername = "sender_username"
        case receiverID = "receiver_id"
        case sendDate = "send_date"
    }
}

/// Answer of `GET /api/messages/`.
public struct MessagesResponse: Codable, Sendable {
    public let messages: [DeliveredMessage]
    /// Ask for what comes after this.
    public let next: MessageNumber

    public init(messages: [DeliveredMessage], next: MessageNumber) {
        self.messages = messages
        self.next = next
    }
}

/// Body and answer of `POST /api/messages/ack/`.
public struct Acknowledged: Codable, Sendable {
    public let through: MessageNumber
    public init(through: MessageNumber) { self.through = through }
}

/// Data of the stream's `gap` event: these numbers will not come any more.
public struct Gap: Codable, Sendable, Equatable {
    public let from: MessageNumber
    public let to: MessageNumber

    public init(from: MessageNumber, to: MessageNumber) {
        self.from = from
        self.to = to
    }
}

/// A plain answer where JSON is asked for.
public struct PlainResponse: Codable, Sendable {
    public let msg: String
    public init(msg: String) { self.msg = msg }
}

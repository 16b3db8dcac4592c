import MessengerAPI

/// Body of `POST /api/messages/`: one sealed message for each account that gets it.
struct SealedBatch: Encodable, Sendable {
    struct Item: Encodable, Sendable {
        let receiverID: UserID
        let message: String
        let keysVersion: KeysVersion

        enum CodingKeys: String, CodingKey {
            case message
            case receiverID = "receiver_id"
            case keysVersion = "keys_version"
        }
    }

    let messages: [Item]
    let senderID: UserID
    let senderUsername: String
    let sendDate: String
    let clientMessageID: String

    enum CodingKeys: String, CodingKey {
        case messages
        case senderID = "sender_id"
        case senderUsername = "sender_username"
        case sendDate = "send_date"
        case clientMessageID = "client_message_id"
    }
}

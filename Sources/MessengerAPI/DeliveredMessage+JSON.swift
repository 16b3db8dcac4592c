extension DeliveredMessage {
    /// Room for the names and numbers around the texts.
    private static let overhead = 160

    /// As it goes out; what is sent again is the same to the byte.
    public var json: [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(Self.overhead + message.utf8.count + senderUsername.utf8.count)
        append(to: &json)
        return json
    }

    func append(to json: inout [UInt8]) {
        json += #"{"message":"#.utf8
        JSONText.append(message, to: &json)
        json += #","message_id":"#.utf8
        JSONText.append(messageID.rawValue, to: &json)
        json += #","receiver_id":"#.utf8
        JSONText.append(receiverID.rawValue, to: &json)
        json += #","send_date":"#.utf8
        JSONText.append(sendDate, to: &json)
        json += #","sender_id":"#.utf8
        JSONText.append(senderID.rawValue, to: &json)
        json += #","sender_username":"#.utf8
        JSONText.append(senderUsername, to: &json)
        json.append(UInt8(ascii: "}"))
    }
}

extension MessagesResponse {
    public var json: [UInt8] {
        var json = Array(#"{"messages":["#.utf8)
        for (index, message) in messages.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            message.append(to: &json)
        }
        json += #"],"next":"#.utf8
        JSONText.append(next.rawValue, to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }
}

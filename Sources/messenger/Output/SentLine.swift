import Foundation
import MessengerClient

/// A message that was sent, for programs.
struct SentLine: Encodable {
    let event = "sent"
    let to: String
    let hash: String
    let delivery: ChatEntry.Tick
    let sent: Date

    init(_ message: SentMessage, to username: String) {
        to = username
        hash = Data(message.hash.bytes).base64EncodedString()
        delivery = ChatEntry.Tick(message.delivery)
        sent = message.sent
    }
}

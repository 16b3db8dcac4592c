import Foundation
import KeyLog
import MessengerClient
import MessengerCrypto

/// A message that was sent, for programs.
struct SentLine: Encodable {
    let event = "sent"
    /// The person; nothing in a group.
    let to: String?
    let group: String?
    let groupID: String?
    let hash: String
    let delivery: ChatEntry.Tick
    let sent: Date

    init(_ message: SentMessage, to partner: ChatPartner) {
        to = partner.groupID == nil ? partner.name : nil
        group = partner.groupID == nil ? nil : partner.name
        groupID = partner.groupID?.description
        hash = Data(message.hash.bytes).base64EncodedString()
        delivery = ChatEntry.Tick(message.delivery)
        sent = message.sent
    }
}

import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

private struct GroupFields: Codable {
    var group: String?
    var changes: [String]?
    var title: String?
    var people: [String]?
    var have: [String]?
    var asks: String?
    var to: String?
}

extension GroupUpdate {
    /// - Parameter peer: the username of the other side of a direct conversation.
    func json(peer: String?) -> [UInt8] {
        WireJSON.encode(
            GroupFields(
                group: group.map { Base64.text($0.bytes) },
                changes: changes.isEmpty ? nil : changes.map { Base64.text($0.bytes) }, title: name.map { Base64.text($0.bytes) },
                people: people.isEmpty ? nil : people, have: have.map { $0.map { Base64.text($0.bytes) } },
                asks: asks.map { Base64.text($0.bytes) }, to: peer))
    }

    /// Nil when a field is not what it should be.
    init?(json: [UInt8]) {
        guard let fields = try? JSONDecoder().decode(GroupFields.self, from: Data(json)) else { return nil }
        let changes = (fields.changes ?? []).map { Base64.bytes($0).flatMap { Signed<GroupChange>($0) } }
        let have = fields.have?.map { Base64.bytes($0).flatMap { GroupChangeHash($0) } }
        guard changes.allSatisfy({ $0 != nil }), have?.allSatisfy({ $0 != nil }) ?? true else { return nil }
        self.init(changes: changes.compactMap { $0 }, people: fields.people ?? [], have: have?.compactMap { $0 })
        if let text = fields.group {
            guard let id = Base64.bytes(text).flatMap({ ConversationID($0) }) else { return nil }
            group = id
        }
        if let text = fields.title {
            guard let signed = Base64.bytes(text).flatMap({ Signed<GroupName>($0) }) else { return nil }
            name = signed
        }
        if let text = fields.asks {
            guard let device = Base64.bytes(text).flatMap({ DeviceFingerprint($0) }) else { return nil }
            asks = device
        }
    }
}

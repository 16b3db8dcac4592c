import KeyLog
import MessengerCrypto

/// A group as its row says: what most messages need to know of it.
struct StoredGroup: Sendable {
    let state: GroupState
    let name: Signed<GroupName>?
    /// Whether this device's account is in it.
    let isMember: Bool

    var id: ConversationID { state.id }
    var title: String { name?.object.text ?? Self.title(of: id) }

    /// Before a name came, something to tell groups apart.
    static func title(of id: ConversationID) -> String { "group \(id.description.prefix(8))" }
}

extension GroupState {
    /// How the store keeps it, under the group's id.
    var storedBytes: [UInt8] {
        var bytes = head.bytes
        bytes.append(bigEndian: epoch)
        for member in members {
            bytes.append(member.account)
            bytes.append(member.role.rawValue)
        }
        return bytes
    }

    /// Nil when the bytes are none that were stored.
    init?(id: ConversationID, stored bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let head = try? reader.fixed(GroupChangeHash.self), let epoch = try? reader.integer(UInt32.self) else { return nil }
        var members: [GroupMember] = []
        while reader.remaining > 0 {
            guard let account = try? reader.fixed(AccountID.self), let role = try? GroupRole(rawValue: reader.integer()) else {
                return nil
            }
            members.append(GroupMember(account: account, role: role))
        }
        self.init(id: id, head: head, epoch: epoch, members: members)
    }
}

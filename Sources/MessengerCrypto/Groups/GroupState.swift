import KeyLog

/// A group as all of its changes leave it.
public struct GroupState: Hashable, Sendable {
    public let id: ConversationID
    /// The change that the next one has to name as the one before it.
    public let head: GroupChangeHash
    /// Of the head.
    public let epoch: UInt32
    /// Ascending by account. Those whom a removal beside the head took out are not among them, though the head lists them.
    public let members: [GroupMember]

    /// As it was kept.
    public init(id: ConversationID, head: GroupChangeHash, epoch: UInt32, members: [GroupMember]) {
        self.id = id
        self.head = head
        self.epoch = epoch
        self.members = members
    }

    /// What every message in the group carries: the same for all who have the same changes.
    public var hash: GroupStateHash {
        var bytes = id.bytes + head.bytes
        bytes.append(bigEndian: epoch)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: members.count))
        for member in members {
            bytes.append(member.account)
            bytes.append(member.role.rawValue)
        }
        return GroupStateHash(unchecked: Label.hash("group-state", bytes))
    }

    public func role(of account: AccountID) -> GroupRole? { members.first { $0.account == account }?.role }

    /// The next change, with its full list of members; nil when the author may not make it or it changes nothing.
    ///
    /// - Parameter role: of who is added, or gets another role.
    public func change(
        _ action: GroupAction, role: GroupRole = .member, by author: AccountID, device: DeviceFingerprint
    ) -> GroupChange? {
        guard let list = GroupRules.members(members, after: action, role: role, by: author), epoch < UInt32.max else {
            return nil
        }
        return GroupChange(
            epoch: epoch + 1, previous: head, author: author, device: device, action: action, members: list)
    }
}

import KeyLog

/// One step in the life of a group, signed by the device that makes it. It travels in messages, and says in full what the
/// group is after it.
public struct GroupChange: SignedObject {
    public static let label: StaticString = "group"
    public static let version: UInt8 = 1
    /// One envelope can reach 256 devices, and so many members at most.
    public static let maximumMembers = 256

    /// 0 for the first change, then one more than that of the change before.
    public let epoch: UInt32
    /// Zero in the first.
    public let previous: GroupChangeHash
    public let author: AccountID
    public let device: DeviceFingerprint
    public let action: GroupAction
    /// Ascending by account.
    public let members: [GroupMember]
    /// Random in the first change, so that two groups of the same people differ; zero afterwards.
    public let nonce: MessageID

    /// Nil with more than 256 members, or the same twice.
    public init?(
        epoch: UInt32, previous: GroupChangeHash, author: AccountID, device: DeviceFingerprint, action: GroupAction,
        members: [GroupMember], nonce: MessageID = .zero
    ) {
        let sorted = members.sorted { $0.account < $1.account }
        guard sorted.count <= Self.maximumMembers,
            zip(sorted, sorted.dropFirst()).allSatisfy({ $0.account < $1.account })
        else { return nil }
        self.epoch = epoch
        self.previous = previous
        self.author = author
        self.device = device
        self.action = action
        self.members = sorted
        self.nonce = nonce
    }

    /// The first change: the author as admin, and those who are there from the beginning.
    public static func creating(by author: AccountID, device: DeviceFingerprint, members: [GroupMember]) -> GroupChange? {
        GroupChange(
            epoch: 0, previous: .zero, author: author, device: device, action: .create,
            members: members.filter { $0.account != author } + [GroupMember(account: author, role: .admin)], nonce: .random())
    }

    /// Nil for another version, action, role or length, and when the members are not in ascending order.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard (try? reader.integer()) == Self.version,
            let epoch = try? reader.integer(UInt32.self), let previous = try? reader.fixed(GroupChangeHash.self),
            let author = try? reader.fixed(AccountID.self), let device = try? reader.fixed(DeviceFingerprint.self),
            let number = try? reader.integer(UInt8.self), let subject = try? reader.fixed(AccountID.self),
            let action = GroupAction(number: number, subject: subject), let nonce = try? reader.fixed(MessageID.self),
            let count = try? reader.integer(UInt16.self), count <= Self.maximumMembers
        else { return nil }
        var members: [GroupMember] = []
        for _ in 0..<count {
            guard let account = try? reader.fixed(AccountID.self), let role = try? GroupRole(rawValue: reader.integer()) else {
                return nil
            }
            members.append(GroupMember(account: account, role: role))
        }
        guard (try? reader.end()) != nil else { return nil }
        self.init(
            epoch: epoch, previous: previous, author: author, device: device, action: action, members: members, nonce: nonce)
        if self.members != members { return nil }
    }

    public var bytes: [UInt8] {
        var bytes = [Self.version]
        bytes.append(bigEndian: epoch)
        bytes.append(previous)
        bytes.append(author)
        bytes.append(device)
        bytes.append(action.number)
        bytes.append(action.subject)
        bytes.append(nonce)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: members.count))
        for member in members {
            bytes.append(member.account)
            bytes.append(member.role.rawValue)
        }
        return bytes
    }
}

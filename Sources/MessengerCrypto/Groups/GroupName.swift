import KeyLog

/// What a group is called, signed by the device of an admin. It travels in messages beside the changes, and changes no state.
public struct GroupName: SignedObject {
    public static let label: StaticString = "group-name"
    public static let version: UInt8 = 1
    /// In UTF-8.
    public static let maximumLength = 256

    public let group: ConversationID
    /// The newest change that the author knows: it says who was an admin, and which of two names is the later one.
    public let head: GroupChangeHash
    /// One more than that of the name before.
    public let revision: UInt32
    public let author: AccountID
    public let device: DeviceFingerprint
    public let text: String

    /// Nil for an empty name and one that is too long.
    public init?(
        group: ConversationID, head: GroupChangeHash, revision: UInt32, author: AccountID, device: DeviceFingerprint, text: String
    ) {
        guard (1...Self.maximumLength).contains(text.utf8.count) else { return nil }
        self.group = group
        self.head = head
        self.revision = revision
        self.author = author
        self.device = device
        self.text = text
    }

    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard (try? reader.integer()) == Self.version, let group = try? reader.fixed(ConversationID.self),
            let head = try? reader.fixed(GroupChangeHash.self), let revision = try? reader.integer(UInt32.self),
            let author = try? reader.fixed(AccountID.self), let device = try? reader.fixed(DeviceFingerprint.self),
            let length = try? reader.integer(UInt16.self), let utf8 = try? reader.take(Int(length)),
            (try? reader.end()) != nil, let text = String(validating: utf8, as: UTF8.self)
        else { return nil }
        self.init(group: group, head: head, revision: revision, author: author, device: device, text: text)
    }

    public var bytes: [UInt8] {
        var bytes = [Self.version]
        bytes.append(group)
        bytes.append(head)
        bytes.append(bigEndian: revision)
        bytes.append(author)
        bytes.append(device)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: text.utf8.count))
        return bytes + Array(text.utf8)
    }

    /// The same for all who have the same names: whether this one replaces another. The epochs are those of the heads.
    public func replaces(_ other: GroupName, epoch: UInt32, otherEpoch: UInt32) -> Bool {
        if epoch != otherEpoch { return epoch > otherEpoch }
        if revision != other.revision { return revision > other.revision }
        return bytes.lexicographicallyPrecedes(other.bytes)
    }
}

extension Signed<GroupName> {
    /// Whether a device of the author, by the author's chain, signed it.
    public func isValid(by chain: AccountChain) -> Bool {
        guard chain.account == object.author, let certificate = chain.certificate(of: object.device),
            chain.standing(of: object.device) != .unknown
        else { return false }
        return isValid(by: certificate.deviceKey, server: chain.server)
    }
}

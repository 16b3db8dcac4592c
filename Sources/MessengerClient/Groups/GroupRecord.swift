import KeyLog
import MessengerCrypto

/// A group as this device has it: every change that it knows, and what follows from them.
struct GroupRecord: Sendable {
    /// Further back, the states of single branches are not worked out any more.
    private static let branchesLookedAt = 64

    let id: ConversationID
    private(set) var changes: [GroupChangeHash: Signed<GroupChange>]
    private(set) var name: Signed<GroupName>?
    private(set) var state: GroupState
    private let first: GroupChangeHash

    /// Nil unless the change that makes this group is among them. The signatures were verified before.
    init?(id: ConversationID, changes all: [Signed<GroupChange>], name: Signed<GroupName>? = nil) {
        guard let creating = all.first(where: { $0.object.epoch == 0 && ConversationID.group(startingWith: $0.object) == id })
        else { return nil }
        self.id = id
        first = GroupChangeHash(of: creating.object)
        changes = Dictionary(all.map { (GroupChangeHash(of: $0.object), $0) }) { first, _ in first }
        self.name = name
        guard let resolved = Self.resolve(first, changes) else { return nil }
        state = resolved
    }

    /// The hashes of those that were new.
    mutating func add(_ more: [Signed<GroupChange>]) -> [GroupChangeHash] {
        var added: [GroupChangeHash] = []
        for change in more {
            let hash = GroupChangeHash(of: change.object)
            guard changes.updateValue(change, forKey: hash) == nil else { continue }
            added.append(hash)
        }
        if !added.isEmpty, let resolved = Self.resolve(first, changes) { state = resolved }
        return added
    }

    /// Takes a name that an admin gave, if it is the later one. False when it changes nothing.
    mutating func take(_ newName: Signed<GroupName>) -> Bool {
        let given = newName.object
        guard given.group == id, let epoch = epoch(ofNameBy: given) else { return false }
        if let name, let otherEpoch = self.epoch(ofNameBy: name.object),
            !given.replaces(name.object, epoch: epoch, otherEpoch: otherEpoch)
        {
            return false
        }
        name = newName
        return true
    }

    /// Nil unless the author was an admin at the change that the name goes by.
    private func epoch(ofNameBy name: GroupName) -> UInt32? {
        guard let head = changes[name.head]?.object, head.members.contains(GroupMember(account: name.author, role: .admin))
        else { return nil }
        return head.epoch
    }

    /// Whether any change lists this account.
    func hasEverListed(_ account: AccountID) -> Bool {
        changes.values.contains { $0.object.members.contains { $0.account == account } }
    }

    /// The changes before this one, and itself.
    func ancestors(of hash: GroupChangeHash) -> Set<GroupChangeHash> {
        var line: Set<GroupChangeHash> = []
        var next = hash
        while let change = changes[next], line.insert(next).inserted { next = change.object.previous }
        return line
    }

    /// The state that these changes alone make; nil without the first.
    func state(of subset: Set<GroupChangeHash>) -> GroupState? {
        Self.resolve(first, changes.filter { subset.contains($0.key) })
    }

    /// The states in which somebody can be who knows of these changes only what came before them.
    func branchStates(of hashes: [GroupChangeHash]) -> [GroupState] {
        let newest = hashes.sorted { (changes[$0]?.object.epoch ?? 0) > (changes[$1]?.object.epoch ?? 0) }
        return newest.prefix(Self.branchesLookedAt).compactMap { state(of: ancestors(of: $0)) }
    }

    /// Changes of this device that stand beside these: whom it told of them may lack the others.
    func changes(of device: DeviceFingerprint, beside added: [GroupChangeHash]) -> Set<GroupChangeHash> {
        let own = changes.filter { $0.value.object.device == device }.keys
        var beside: Set<GroupChangeHash> = []
        for hash in added where !own.isEmpty {
            let before = ancestors(of: hash)
            beside.formUnion(own.filter { !before.contains($0) && !ancestors(of: $0).contains(hash) })
        }
        return beside
    }

    /// Whom these changes list and who is not in the group.
    func outsiders(in hashes: Set<GroupChangeHash>) -> Set<AccountID> {
        Set(hashes.flatMap { changes[$0]?.object.members ?? [] }.map(\.account)).subtracting(state.members.map(\.account))
    }

    // MARK: What others lack

    /// Oldest first.
    var ordered: [Signed<GroupChange>] {
        changes.sorted { ($0.value.object.epoch, $0.key) < ($1.value.object.epoch, $1.key) }.map(\.value)
    }

    /// What this device says that it has: all, or the newest of very many.
    var have: [GroupChangeHash] { ordered.suffix(GroupUpdate.mostHashes).map { GroupChangeHash(of: $0.object) } }

    /// What somebody lacks who has these. Of very many that he named, older ones than the oldest count as had.
    func lacking(_ have: [GroupChangeHash]) -> [Signed<GroupChange>] {
        let known = Set(have)
        let isCut = have.count >= GroupUpdate.mostHashes
        let oldest = isCut ? have.compactMap { changes[$0]?.object.epoch }.min() ?? 0 : 0
        return ordered.filter { !known.contains(GroupChangeHash(of: $0.object)) && $0.object.epoch >= oldest }
    }

    private static func resolve(
        _ first: GroupChangeHash, _ changes: [GroupChangeHash: Signed<GroupChange>]
    ) -> GroupState? {
        guard let creating = changes[first],
            var resolver = GroupResolver(first: VerifiedGroupChange(trusted: creating.object))
        else { return nil }
        for (hash, change) in changes where hash != first { resolver.add(VerifiedGroupChange(trusted: change.object)) }
        return resolver.resolve()
    }
}

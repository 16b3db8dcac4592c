import KeyLog

/// Makes one state of all changes of a group that a client has, whatever the order in which they came.
///
/// The main line begins with the first change. Of several that extend its head the one with the smaller hash goes on, but a
/// removal or leave always survives: it is applied to the line that went on. What somebody changed beside the change that
/// removes him is void. So two clients with the same changes have the same state.
public struct GroupResolver: Sendable {
    private let first: VerifiedGroupChange
    private var changes: [GroupChangeHash: VerifiedGroupChange]
    private var followers: [GroupChangeHash: [VerifiedGroupChange]] = [:]

    /// Nil unless the change creates a group, with its author as an admin.
    public init?(first: VerifiedGroupChange) {
        let change = first.change
        guard change.epoch == 0, change.previous == .zero, change.action == .create,
            change.members.contains(GroupMember(account: change.author, role: .admin))
        else { return nil }
        self.first = first
        changes = [first.hash: first]
    }

    public var id: ConversationID { .group(startingWith: first.change) }

    /// All changes, in no order: what another client may lack.
    public var all: some Collection<VerifiedGroupChange> { changes.values }

    /// Takes a change, also before the ones that it builds on. The same twice is the same as once.
    public mutating func add(_ change: VerifiedGroupChange) {
        guard changes.updateValue(change, forKey: change.hash) == nil else { return }
        followers[change.change.previous, default: []].append(change)
    }

    /// Changes whose predecessor is not here: they wait for it.
    public var missing: Set<GroupChangeHash> {
        Set(followers.keys).subtracting(changes.keys)
    }

    /// The state that all changes together make.
    public func resolve() -> GroupState {
        var head = first
        // Whom the head lists although a removal beside the main line has taken them out.
        var gone: Set<AccountID> = []
        while let fork = Fork(after: head, gone: gone, followers: followers) {
            gone.formUnion(fork.survivors)
            guard let next = fork.winner else { break }
            gone.formIntersection(next.change.members.map(\.account))
            if case .add(let account) = next.change.action { gone.remove(account) }
            head = next
        }
        let members = head.change.members.filter { !gone.contains($0.account) }
        return GroupState(id: id, head: head.hash, epoch: head.change.epoch, members: members)
    }
}

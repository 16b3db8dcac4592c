import KeyLog

/// The changes after one head, and which of them goes on.
struct Fork {
    private struct Removal {
        let change: VerifiedGroupChange
        /// Which follower of the head it comes after, or is.
        let branch: GroupChangeHash
        let subject: AccountID
    }

    /// The follower that continues the main line; nil when none is valid.
    let winner: VerifiedGroupChange?
    /// Those whom a removal or leave beside the winner takes out.
    let survivors: Set<AccountID>

    /// Nil when nothing follows the head.
    init?(
        after head: VerifiedGroupChange, gone: Set<AccountID>, followers: [GroupChangeHash: [VerifiedGroupChange]]
    ) {
        guard let candidates = followers[head.hash]?.sorted(by: { $0.hash < $1.hash }) else { return nil }
        func isValid(_ change: GroupChange, mayLack: Set<AccountID>) -> Bool {
            change.epoch == head.change.epoch &+ 1
                && GroupRules.isValid(change, after: head.change.members, gone: gone, mayLack: mayLack)
        }
        // Nearly always there is one, and nothing beside it to look through.
        if candidates.count == 1, isValid(candidates[0].change, mayLack: gone) {
            winner = candidates[0]
            survivors = []
            return
        }
        let members = head.change.members.filter { !gone.contains($0.account) }
        let standing = Self.standing(
            candidates.flatMap { Self.removals(in: $0, members: members, followers: followers) })
        func outside(_ branch: GroupChangeHash?) -> Set<AccountID> {
            Set(standing.filter { $0.branch != branch }.map(\.subject))
        }
        let winner = candidates.first {
            isValid($0.change, mayLack: gone.union(outside($0.hash)))
                && !Self.isVoid($0.change.author, in: $0.hash, by: standing)
        }
        self.winner = winner
        survivors = outside(winner?.hash)
    }

    /// All removals by admins of the head, and leaves of its members, in the branch that begins with a follower of it.
    private static func removals(
        in branch: VerifiedGroupChange, members: [GroupMember], followers: [GroupChangeHash: [VerifiedGroupChange]]
    ) -> [Removal] {
        let accounts = Set(members.map(\.account))
        var removals: [Removal] = []
        var waiting = [branch]
        while let next = waiting.popLast() {
            let author = next.change.author
            switch next.change.action {
            case .remove(let account)
            where accounts.contains(account) && account != author
                && members.contains(GroupMember(account: author, role: .admin)):
                removals.append(Removal(change: next, branch: branch.hash, subject: account))
            case .leave where accounts.contains(author):
                removals.append(Removal(change: next, branch: branch.hash, subject: author))
            default: break
            }
            waiting += followers[next.hash] ?? []
        }
        return removals
    }

    /// Of two that remove each other's authors, the one with the smaller hash stands. A leave always does.
    private static func standing(_ removals: [Removal]) -> [Removal] {
        var standing: [Removal] = []
        for removal in removals.sorted(by: { $0.change.hash < $1.change.hash }) {
            let author = removal.change.change.author
            if author == removal.subject || !isVoid(author, in: removal.branch, by: standing) { standing.append(removal) }
        }
        return standing
    }

    /// Whether a removal in another branch takes out the author of something in this one. Leaving voids nothing.
    private static func isVoid(_ author: AccountID, in branch: GroupChangeHash, by removals: [Removal]) -> Bool {
        removals.contains {
            $0.subject == author && $0.branch != branch && $0.change.change.author != author
        }
    }
}

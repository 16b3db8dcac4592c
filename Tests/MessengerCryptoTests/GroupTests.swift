import KeyLog
import TestSupport
import Testing

@testable import MessengerCrypto

@Suite("Groups", .timeLimit(.minutes(2)))
struct GroupTests {
    private static func account(_ number: UInt8) -> AccountID { AccountID(unchecked: Array(repeating: number, count: 32)) }
    private static let device = DeviceFingerprint(unchecked: Array(repeating: 0, count: 16))
    private static let (ann, bob, eve, dan, joe) = (account(1), account(2), account(3), account(4), account(5))

    /// Ann and Bob are admins, Eve and Dan members.
    private static func first(nonce: UInt8 = 1) throws -> VerifiedGroupChange {
        let members = [
            GroupMember(account: ann, role: .admin), GroupMember(account: bob, role: .admin),
            GroupMember(account: eve, role: .member), GroupMember(account: dan, role: .member),
        ]
        return VerifiedGroupChange(
            trusted: try #require(
                GroupChange(
                    epoch: 0, previous: .zero, author: ann, device: device, action: .create, members: members,
                    nonce: MessageID(unchecked: Array(repeating: nonce, count: 16)))))
    }

    private static func change(
        _ state: GroupState, _ action: GroupAction, role: GroupRole = .member, by author: AccountID
    ) throws -> VerifiedGroupChange {
        VerifiedGroupChange(trusted: try #require(state.change(action, role: role, by: author, device: device)))
    }

    private static func state(_ first: VerifiedGroupChange, _ changes: [VerifiedGroupChange]) throws -> GroupState {
        var resolver = try #require(GroupResolver(first: first))
        for change in changes { resolver.add(change) }
        return resolver.resolve()
    }

    private static func accounts(_ state: GroupState) -> Set<AccountID> { Set(state.members.map(\.account)) }

    /// Resolves in every order, and expects one state.
    private static func agreed(_ first: VerifiedGroupChange, _ changes: [VerifiedGroupChange]) throws -> GroupState {
        let expected = try state(first, changes)
        for order in permutations(changes) { #expect(try state(first, order).hash == expected.hash) }
        return expected
    }

    private static func permutations<Value>(_ values: [Value]) -> [[Value]] {
        guard values.count > 1 else { return [values] }
        return values.indices.flatMap { place in
            var rest = values
            let value = rest.remove(at: place)
            return permutations(rest).map { [value] + $0 }
        }
    }

    @Test("Changes one after another make the list that each says")
    func line() throws {
        let first = try Self.first()
        var state = try Self.state(first, [])
        #expect(state.epoch == 0 && state.members.count == 4 && state.id == .group(startingWith: first.change))
        let add = try Self.change(state, .add(Self.joe), by: Self.ann)
        state = try Self.state(first, [add])
        #expect(state.epoch == 1 && Self.accounts(state).contains(Self.joe))
        let promote = try Self.change(state, .setRole(Self.joe), role: .admin, by: Self.bob)
        state = try Self.state(first, [promote, add])
        #expect(state.role(of: Self.joe) == .admin)
        let leave = try Self.change(state, .leave, by: Self.eve)
        state = try Self.agreed(first, [add, promote, leave])
        #expect(state.epoch == 3 && !Self.accounts(state).contains(Self.eve))
    }

    @Test("Who is no admin changes nothing, and no change lies about its list")
    func rights() throws {
        let first = try Self.first()
        let state = try Self.state(first, [])
        #expect(state.change(.add(Self.joe), by: Self.eve, device: Self.device) == nil)
        #expect(state.change(.leave, by: Self.joe, device: Self.device) == nil)
        #expect(state.change(.remove(Self.joe), by: Self.ann, device: Self.device) == nil)
        #expect(state.change(.add(Self.bob), by: Self.ann, device: Self.device) == nil)
        #expect(state.change(.create, by: Self.ann, device: Self.device) == nil)
        func forged(_ action: GroupAction, by author: AccountID, members: [GroupMember]) throws -> VerifiedGroupChange {
            VerifiedGroupChange(
                trusted: try #require(
                    GroupChange(
                        epoch: 1, previous: state.head, author: author, device: Self.device, action: action, members: members)))
        }
        let joe = GroupMember(account: Self.joe, role: .member)
        for change in [
            try forged(.add(Self.joe), by: Self.eve, members: state.members + [joe]),
            try forged(.add(Self.joe), by: Self.joe, members: state.members + [joe]),
            try forged(.add(Self.joe), by: Self.ann, members: [joe]),
            try forged(.add(Self.joe), by: Self.ann, members: state.members),
            try forged(.setRole(Self.eve), by: Self.eve, members: state.members),
        ] {
            #expect(try Self.state(first, [change]).members == state.members)
        }
        let gone = try Self.state(first, [forged(.leave, by: Self.eve, members: state.members)])
        #expect(gone.head == first.hash && !Self.accounts(gone).contains(Self.eve), "a leave survives even with a wrong list")
    }

    @Test("Of two changes at once one goes on; a removal and a leave survive beside it, in every order")
    func concurrent() throws {
        for nonce: UInt8 in 0..<16 {
            let first = try Self.first(nonce: nonce)
            let start = try Self.state(first, [])
            let add = try Self.change(start, .add(Self.joe), by: Self.ann)
            let remove = try Self.change(start, .remove(Self.dan), by: Self.bob)
            let leave = try Self.change(start, .leave, by: Self.eve)
            let state = try Self.agreed(first, [add, remove, leave])
            #expect(!Self.accounts(state).contains(Self.dan) && !Self.accounts(state).contains(Self.eve))
            #expect(Self.accounts(state).contains(Self.joe) == (add.hash < min(remove.hash, leave.hash)))
            // Whoever goes on from here, knowing of it or not, does not bring them back.
            let next = try Self.change(state, .add(Self.account(6)), by: Self.ann)
            let later = try Self.agreed(first, [add, remove, leave, next])
            #expect(Self.accounts(later) == Self.accounts(state).union([Self.account(6)]) && later.head == next.hash)
            let winner = try #require([add, remove, leave].min { $0.hash < $1.hash })
            let unaware = try Self.change(try Self.state(first, [winner]), .add(Self.account(7)), by: Self.ann)
            let mixed = try Self.agreed(first, [add, remove, leave, unaware])
            #expect(Self.accounts(mixed) == Self.accounts(state).union([Self.account(7)]))
        }
    }

    @Test("Who was removed beside the main line can be added again, and then stays")
    func addedAgain() throws {
        for nonce: UInt8 in 0..<16 {
            let first = try Self.first(nonce: nonce)
            let start = try Self.state(first, [])
            let add = try Self.change(start, .add(Self.joe), by: Self.ann)
            let remove = try Self.change(start, .remove(Self.dan), by: Self.bob)
            let state = try Self.state(first, [add, remove])
            let again = try Self.change(state, .add(Self.dan), by: Self.ann)
            let later = try Self.agreed(first, [add, remove, again])
            #expect(Self.accounts(later).contains(Self.dan) && later.head == again.hash)
        }
    }

    @Test("What somebody changes beside his own removal is void")
    func removedAuthor() throws {
        for nonce: UInt8 in 0..<16 {
            let first = try Self.first(nonce: nonce)
            let start = try Self.state(first, [])
            let add = try Self.change(start, .add(Self.joe), by: Self.bob)
            let remove = try Self.change(start, .remove(Self.bob), by: Self.ann)
            let state = try Self.agreed(first, [add, remove])
            #expect(!Self.accounts(state).contains(Self.bob) && !Self.accounts(state).contains(Self.joe))
            #expect(state.head == remove.hash)
        }
    }

    @Test("Of two admins who remove each other exactly one stays, the same for all")
    func mutualRemoval() throws {
        var winners: Set<AccountID> = []
        for nonce: UInt8 in 0..<16 {
            let first = try Self.first(nonce: nonce)
            let start = try Self.state(first, [])
            let byAnn = try Self.change(start, .remove(Self.bob), by: Self.ann)
            let byBob = try Self.change(start, .remove(Self.ann), by: Self.bob)
            let state = try Self.agreed(first, [byAnn, byBob])
            let stays = Self.accounts(state).intersection([Self.ann, Self.bob])
            #expect(stays.count == 1)
            winners.formUnion(stays)
        }
        #expect(winners.count == 2, "it is the hash that decides, not the name")
    }

    @Test("Random histories, made by clients that know different parts, end in one state; who left does not come back")
    func randomHistories() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let first = try Self.first(nonce: UInt8(truncatingIfNeeded: seed))
            var known = [[VerifiedGroupChange]](repeating: [], count: 3)
            var all: [VerifiedGroupChange] = []
            for _ in 0..<12 {
                let client = Int.random(in: 0..<3, using: &random)
                if Bool.random(using: &random), let other = all.randomElement(using: &random) { known[client].append(other) }
                let state = try Self.state(first, known[client])
                guard let author = state.members.randomElement(using: &random)?.account else { continue }
                let target = Self.account(UInt8.random(in: 1...7, using: &random))
                let actions: [GroupAction] = [.add(target), .remove(target), .leave, .setRole(target)]
                let action = try #require(actions.randomElement(using: &random))
                let role: GroupRole = Bool.random(using: &random) ? .admin : .member
                guard let change = state.change(action, role: role, by: author, device: Self.device) else { continue }
                let verified = VerifiedGroupChange(trusted: change)
                known[client].append(verified)
                all.append(verified)
            }
            let expected = try Self.state(first, all)
            for _ in 0..<10 { #expect(try Self.state(first, all.shuffled(using: &random)) == expected) }
            #expect(try Self.state(first, all + all) == expected, "twice is once")
            let added = Set(all.compactMap { if case .add(let account) = $0.change.action { account } else { nil } })
            let left = Set(all.filter { $0.change.action == .leave }.map(\.change.author))
            #expect(Self.accounts(expected).isDisjoint(with: left.subtracting(added)), "seed \(seed)")
        }
    }

    @Test("What is missing is named, and what waits for it is taken once it comes")
    func missing() throws {
        let first = try Self.first()
        let one = try Self.change(try Self.state(first, []), .add(Self.joe), by: Self.ann)
        let two = try Self.change(try Self.state(first, [one]), .remove(Self.eve), by: Self.ann)
        var resolver = try #require(GroupResolver(first: first))
        resolver.add(two)
        #expect(resolver.missing == [one.hash] && resolver.resolve().epoch == 0)
        resolver.add(one)
        #expect(resolver.missing.isEmpty && resolver.resolve().head == two.hash && resolver.all.count == 3)
        #expect(GroupResolver(first: one) == nil)
    }

    @Test("A change counts only with the signature of a device of its author")
    func verification() throws {
        var world = try TestWorld()
        let owner = try world.account("owner", [.xWing, .x25519])
        let other = try world.account("other", [.xWing])
        let change = try #require(
            GroupChange.creating(
                by: owner.id, device: owner.phone.fingerprint, members: [GroupMember(account: other.id, role: .member)]))
        #expect(change.members.count == 2 && GroupChange(change.bytes) == change)
        let chain = try world.chain(owner)
        #expect(VerifiedGroupChange(try Signed(change, by: owner.phone.key, server: world.server), chain: chain) != nil)
        #expect(VerifiedGroupChange(try Signed(change, by: owner.devices[1].key, server: world.server), chain: chain) == nil)
        #expect(
            VerifiedGroupChange(
                try Signed(change, by: owner.phone.key, server: world.server), chain: try world.chain(other)) == nil)
    }
}

import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Groups: who is in them, and changing that.
extension Messenger {
    /// Of all members together.
    private static let mostDevices = 256

    // MARK: Looking

    /// All groups that this device knows, also those that one is not in any more.
    public func groups() async throws -> [Group] {
        var groups: [Group] = []
        for stored in try await parts.store.groups() { groups.append(try await group(stored)) }
        return groups.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// Throws `notFound`.
    public func group(_ id: ConversationID) async throws -> Group {
        guard let stored = try await parts.store.group(id) else { throw MessengerError.notFound }
        return try await group(stored)
    }

    private func group(_ stored: StoredGroup) async throws -> Group {
        let me = try parts.profile.certifiedAccount()
        // What is known of accounts is read with the log.
        _ = try await log.server()
        let contacts = try await parts.store.contacts()
        let verified = Set(contacts.filter(\.isVerified).map(\.account))
        let names = try await parts.store.usernames(of: stored.state.members.map(\.account))
        var members: [GroupPerson] = []
        for member in stored.state.members {
            let chain = try await directory.knownPerson(member.account)?.chain
            members.append(
                GroupPerson(
                    username: member.account == me ? username : names[member.account], account: member.account, role: member.role,
                    isMe: member.account == me, isVerified: verified.contains(member.account),
                    isPostQuantum: chain?.isPostQuantum == true, deviceCount: chain?.devices.count ?? 0))
        }
        members.sort { ($0.username ?? "", $0.account) < ($1.username ?? "", $1.account) }
        return Group(
            id: stored.id, name: stored.title, members: members, role: stored.state.role(of: me),
            isPostQuantum: members.allSatisfy(\.isPostQuantum))
    }

    /// The names that the store knows these accounts by; without those that it does not.
    func names(of accounts: Set<AccountID>) async throws -> [String] {
        guard !accounts.isEmpty else { return [] }
        return try await parts.store.usernames(of: accounts).values.sorted()
    }

    func names(in messages: [StoredMessage]) async throws -> [AccountID: String] {
        var accounts: Set<AccountID> = []
        for case .group(let update) in messages.map(\.content) { accounts.formUnion(update.accounts) }
        return accounts.isEmpty ? [:] : try await parts.store.usernames(of: accounts)
    }

    // MARK: Changing

    /// Makes a group with oneself as its admin. Throws as `send` does for each of the members.
    public func createGroup(_ name: String, members usernames: [String]) async throws -> Group {
        try await explaining {
            try await ensurePrepared()
            let own = try await directory.own()
            var people: [Person] = []
            for username in usernames { people.append(try await receiver(username)) }
            try Self.checkDevices([own] + people)
            let members = Set(people.map(\.account)).map { GroupMember(account: $0, role: .member) }
            guard let change = GroupChange.creating(by: own.account, device: try parts.profile.fingerprint(), members: members)
            else { throw MessengerError.invalid("A group has at most \(GroupChange.maximumMembers) members.") }
            let id = ConversationID.group(startingWith: change)
            let signed = try await sign(change)
            let title = try await sign(
                try Self.name(name, of: id, head: GroupChangeHash(of: change), revision: 1, by: change.author, change.device))
            let update = GroupUpdate(changes: [signed], name: title, people: people.map(\.username) + [self.username])
            let step = GroupStep(
                group: id, changes: [signed], name: title, announcement: try await draft(.group(update), to: own).draft)
            _ = try await parts.store.change(nil, me: own.account) { _ in step }
            return try await told(id)
        }
    }

    /// Takes somebody in, who gets what is written from then on. Throws `notAdmin`, `notInGroup`.
    public func add(_ username: String, to group: ConversationID, as role: GroupRole = .member) async throws -> Group {
        try await explaining {
            try await ensurePrepared()
            let person = try await receiver(username)
            try await checkDevices(of: group, with: person)
            return try await change(group, .add(person.account), role: role, telling: person, isNew: true)
        }
    }

    /// Takes somebody out: nothing more is encrypted for him by whoever knows. Throws `notAdmin`, `notInGroup`, `notFound`.
    public func remove(_ username: String, from group: ConversationID) async throws -> Group {
        try await explaining {
            try await ensurePrepared()
            let account = try await member(username, of: group)
            let person = try await directory.person(with: account)
            return try await change(group, .remove(account), telling: person, isNew: false)
        }
    }

    /// Throws `notAdmin`, `notInGroup`, `notFound`.
    public func setRole(_ role: GroupRole, of username: String, in group: ConversationID) async throws -> Group {
        try await explaining {
            try await ensurePrepared()
            return try await change(group, .setRole(try await member(username, of: group)), role: role)
        }
    }

    /// Goes. Throws `invalid` for the only admin among others: somebody else is to be made one first.
    public func leave(_ group: ConversationID) async throws {
        try await explaining {
            try await ensurePrepared()
            let members = try await self.group(group).members
            let isOnlyAdmin = !members.contains { $0.role == .admin && !$0.isMe }
            if isOnlyAdmin, members.count > 1, members.contains(where: \.isMe) {
                throw MessengerError.invalid("You are the only admin: make somebody else one before you leave.")
            }
            _ = try await change(group, .leave)
        }
    }

    /// Throws `notAdmin`, `notInGroup`.
    public func rename(_ group: ConversationID, to name: String) async throws -> Group {
        try await explaining {
            try await ensurePrepared()
            let own = try await directory.own()
            guard let record = try await parts.store.groupRecord(group) else { throw MessengerError.notFound }
            try Self.checkAdmin(own.account, of: record)
            let title = try await sign(
                try Self.name(
                    name, of: group, head: record.state.head, revision: (record.name?.object.revision ?? 0) &+ 1,
                    by: own.account, try parts.profile.fingerprint()))
            let step = GroupStep(
                group: group, name: title,
                announcement: try await draft(.group(GroupUpdate(name: title, people: [username])), to: own).draft)
            _ = try await parts.store.change(group, me: own.account) { _ in step }
            return try await told(group)
        }
    }

    /// One change, decided and signed in the transaction that keeps it.
    ///
    /// - Parameter person: whom it is about, and who hears of it directly: all that there is, or that he is out.
    private func change(
        _ group: ConversationID, _ action: GroupAction, role: GroupRole = .member, telling person: Person? = nil,
        isNew: Bool = false
    ) async throws -> Group {
        let own = try await directory.own()
        let device = try parts.profile.fingerprint()
        let (server, key) = (try await log.server(), parts.profile.deviceKey)
        let blank = try await draft(.notice, to: own).draft
        let direct: OutgoingDraft? = if let person { try await draft(.notice, to: person).draft } else { nil }
        var accounts = try await parts.store.groupRecord(group)?.accounts ?? []
        accounts.insert(own.account)
        let names = try await parts.store.usernames(of: accounts)
        _ = try await parts.store.change(group, me: own.account) { record in
            guard var record else { throw MessengerError.notFound }
            guard let change = record.state.change(action, role: role, by: own.account, device: device) else {
                if action != .leave { try Self.checkAdmin(own.account, of: record) }
                throw record.state.role(of: own.account) == nil
                    ? MessengerError.notInGroup(record.title) : MessengerError.invalid("That would change nothing.")
            }
            let signed = try Signed(change, by: key, server: server)
            _ = record.add([signed])
            var beforehand: [OutgoingDraft] = []
            if let direct {
                let updates =
                    isNew
                    ? record.updates(with: record.ordered, names: names, says: true)
                    : record.updates(with: [signed], names: [:], says: false)
                beforehand = updates.map { direct.saying(.group($0)) }
            }
            let update = GroupUpdate(changes: [signed], people: [person?.username, own.username].compactMap { $0 })
            return GroupStep(
                group: group, changes: [signed], beforehand: beforehand, announcement: blank.saying(.group(update)))
        }
        return try await told(group)
    }

    /// Others hear of it now, or as soon as the server is there.
    private func told(_ group: ConversationID) async throws -> Group {
        let round = try await outbox.flush()
        feed.send(.outboxChanged)
        feed.send(.groupChanged(group))
        if round.waiting > 0 { outboxNews.raise() }
        return try await self.group(group)
    }

    // MARK: Rules

    private func sign<Object: SignedObject>(_ object: Object) async throws -> Signed<Object> {
        try Signed(object, by: parts.profile.deviceKey, server: try await log.server())
    }

    private static func name(
        _ text: String, of group: ConversationID, head: GroupChangeHash, revision: UInt32, by author: AccountID,
        _ device: DeviceFingerprint
    ) throws -> GroupName {
        guard
            let name = GroupName(
                group: group, head: head, revision: revision, author: author, device: device,
                text: text.precomposedStringWithCanonicalMapping)
        else { throw MessengerError.invalid("The name of a group has 1 to \(GroupName.maximumLength) bytes.") }
        return name
    }

    private static func checkAdmin(_ account: AccountID, of record: GroupRecord) throws {
        guard let role = record.state.role(of: account) else { throw MessengerError.notInGroup(record.title) }
        guard role == .admin else { throw MessengerError.notAdmin }
    }

    private func member(_ username: String, of group: ConversationID) async throws -> AccountID {
        let name = username.precomposedStringWithCanonicalMapping
        guard let member = try await self.group(group).members.first(where: { $0.username == name }) else {
            throw MessengerError.invalid("\(name) is not in the group.")
        }
        return member.account
    }

    private func checkDevices(of group: ConversationID, with person: Person) async throws {
        let devices = try await self.group(group).members.reduce(0) { $0 + max($1.deviceCount, 1) }
        guard devices + person.chain.devices.count <= Self.mostDevices else {
            throw MessengerError.invalid("A group reaches at most \(Self.mostDevices) devices.")
        }
    }

    private static func checkDevices(_ people: [Person]) throws {
        guard people.reduce(0, { $0 + $1.chain.devices.count }) <= mostDevices else {
            throw MessengerError.invalid("A group reaches at most \(mostDevices) devices.")
        }
    }
}

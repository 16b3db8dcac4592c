import KeyLog
import MessengerAPI
import MessengerCrypto

/// Whose devices are new, and which are not post-quantum: shown, and asked about before the first message to them.
extension Messenger {
    private static let groupLogAge: UInt64 = 60_000

    /// The person agrees that messages to somebody go also to the devices, of both, that are not post-quantum now. Of another such
    /// device that comes later is asked again.
    public func acceptClassicalDevices(with username: String) async throws {
        try await explaining {
            try await ensurePrepared()
            let person = try await receiver(username)
            try await noticeDevices(of: person)
            let devices = Self.classicalDevices(person, try await directory.own())
            try await parts.store.accept(devices, for: person.account, now: parts.clock.now())
        }
    }

    /// The same for everybody whose safety number was compared and who is in this group now.
    public func acceptClassicalDevices(in group: ConversationID) async throws {
        try await explaining {
            try await ensurePrepared()
            let own = try await directory.own()
            for person in try await verifiedMembers(of: group) {
                try await noticeDevices(of: person)
                try await parts.store.accept(Self.classicalDevices(person, own), for: person.account, now: parts.clock.now())
            }
        }
    }

    /// Those of both that are not post-quantum.
    private static func classicalDevices(_ person: Person, _ own: Person) -> [DeviceFingerprint] {
        let devices = person.chain.devices + (person.account == own.account ? [] : own.chain.devices)
        return devices.filter { $0.suite?.isPostQuantum != true }.map(\.device)
    }

    /// Before something that a person writes goes out. Throws `notPostQuantum` when the contact is verified and the person has not
    /// agreed to one of the devices that it would be sealed to.
    func checkSuites(_ content: MessageContent, to person: Person) async throws {
        guard content.isShown || content.target != nil else { return }
        let classical = Self.classicalDevices(person, try await directory.own())
        guard !classical.isEmpty, try await parts.store.contact(person.chain.name)?.isVerified == true else { return }
        let accepted = try await parts.store.acceptedDevices(of: person.account)
        guard accepted.isSuperset(of: classical) else { throw MessengerError.notPostQuantum(person.username) }
    }

    /// The same of each verified member of a group: what was agreed to for one person counts in every conversation with them.
    func checkSuites(_ content: MessageContent, in group: ConversationID) async throws {
        for person in try await verifiedMembers(of: group) { try await checkSuites(content, to: person) }
    }

    private func verifiedMembers(of group: ConversationID) async throws -> [Person] {
        let verified = Set(try await parts.store.contacts().filter(\.isVerified).map(\.account))
        return try await members(of: group, where: verified.contains)
    }

    /// With the devices that they have by the log; without those of whom nothing can be had now.
    private func members(of group: ConversationID, where isWanted: (AccountID) -> Bool) async throws -> [Person] {
        do { try await log.refresh(ifOlderThan: Self.groupLogAge) } catch MessengerError.unreachable {}
        var people: [Person] = []
        for member in try await parts.store.group(group)?.state.members ?? [] where isWanted(member.account) {
            do {
                if let person = try await directory.person(with: member.account) { people.append(person) }
            } catch MessengerError.unreachable {
                continue
            }
        }
        return people
    }

    /// Tells of devices that members have got since this one last looked.
    func noticeDevices(in group: ConversationID) async throws -> [Device] {
        var devices: [Device] = []
        let me = parts.profile.account
        for person in try await members(of: group, where: { $0 != me }) { devices += try await noticeDevices(of: person) }
        return devices
    }

    /// Tells of devices that somebody has got since this one last looked.
    @discardableResult
    func noticeDevices(of person: Person) async throws -> [Device] {
        guard noticedSeqs[person.account] != person.chain.seq else { return [] }
        let fingerprints = person.chain.devices.map(\.device)
        let added = Set(try await parts.store.notice(fingerprints, of: person.account, now: parts.clock.now()))
        noticedSeqs[person.account] = person.chain.seq
        let this = try parts.profile.fingerprint()
        let devices = person.chain.devices.filter { added.contains($0.device) }.map { Device($0, this: this) }
        if !devices.isEmpty { feed.send(.newDevices(of: person.username, devices)) }
        return devices
    }

    /// Nil when somebody's devices are not known here.
    func isPostQuantum(_ account: AccountID?) async throws -> Bool? {
        guard let account, let me = parts.profile.account, let person = try await directory.knownPerson(account),
            let own = try await directory.knownPerson(me)
        else { return nil }
        return person.chain.isPostQuantum && own.chain.isPostQuantum
    }
}

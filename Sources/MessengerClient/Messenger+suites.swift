import KeyLog
import MessengerAPI
import MessengerCrypto

/// Whose devices are new, and which are not post-quantum: shown, and asked about before the first message to them.
extension Messenger {
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

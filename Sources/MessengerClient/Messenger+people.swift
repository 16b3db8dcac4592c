import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

extension Messenger {
    /// Fetches somebody's account and checks it against the log. Throws `unknownUser`, `noKeys`, `directory`.
    public func contact(_ username: String) async throws -> Contact {
        try await explaining {
            try await ensurePrepared()
            let person = try await directory.person(named: username.precomposedStringWithCanonicalMapping)
            try await noticeDevices(of: person)
            let known = try await parts.store.contact(person.chain.name)
            let this = try parts.profile.fingerprint()
            let own = try await directory.own()
            return Contact(
                username: person.username, userID: person.userID, account: person.account,
                devices: person.chain.devices.map { Device($0, this: this) },
                isVerified: known?.account == person.account && known?.isVerified == true,
                isPostQuantum: person.chain.isPostQuantum && own.chain.isPostQuantum,
                isNewAccount: known.map { $0.account != person.account } ?? false)
        }
    }

    /// What both people see when nobody stands between them.
    public func safetyNumber(with username: String) async throws -> SafetyNumber {
        let other = try await contact(username)
        return SafetyNumber(server: try await log.server(), try parts.profile.certifiedAccount(), other.account)
    }

    /// The safety number was compared, or is not believed any more. Throws `newAccount` before a new account is accepted.
    public func markVerified(_ username: String, _ verified: Bool = true) async throws {
        try await explaining {
            let person = try await admit(try await directory.person(named: username.precomposedStringWithCanonicalMapping))
            guard var contact = try await parts.store.contact(person.chain.name) else { throw MessengerError.notFound }
            contact.isVerified = verified
            try await parts.store.save(contact, as: person.chain.name)
        }
    }

    /// After the name has got another account: from now on that one is written to, unverified. What still waited for the old
    /// one is not sent.
    public func acceptNewAccount(of username: String) async throws {
        try await explaining {
            let person = try await directory.person(named: username.precomposedStringWithCanonicalMapping)
            try await parts.store.replaceAccount(
                by: StoredContact(username: person.username, account: person.account, isVerified: false, isWritten: false),
                as: person.chain.name)
            outboxNews.raise()
        }
    }

    /// Remembers somebody at first contact; later the account must be the same.
    func admit(_ person: Person) async throws -> Person {
        if let contact = try await parts.store.contact(person.chain.name) {
            guard contact.account == person.account else { throw MessengerError.newAccount(person.username) }
            return person
        }
        try await parts.store.save(
            StoredContact(username: person.username, account: person.account, isVerified: false, isWritten: false),
            as: person.chain.name)
        return person
    }

    private static let dayToUndo: UInt64 = 24 * 3600 * 1000

    /// One's own devices, as the newest state lists them.
    public func devices() async throws -> [Device] {
        try await explaining {
            let own = try await directory.own()
            try await noticeDevices(of: own)
            let this = try parts.profile.fingerprint()
            let seen = try await parts.store.devicesSeen(of: own.account)
            let now = parts.clock.now()
            return own.chain.devices.sorted { $0.created < $1.created }.map { certificate in
                let until = (seen[certificate.device] ?? 0) + Self.dayToUndo
                let isNew = certificate.device != this && until > now
                return Device(certificate, this: this, newUntil: isNew ? Date(milliseconds: until) : nil)
            }
        }
    }

    /// Takes a device out of the account, for good; all others make new keys. Throws `accountKeyNotHere`, `notFound`.
    public func revoke(_ device: DeviceFingerprint) async throws {
        try await explaining {
            try await change { editor, chain in try editor.remove(device, from: chain) }
            if device != (try parts.profile.fingerprint()) { try await prepare() }
        }
    }
}

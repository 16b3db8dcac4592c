import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Who has which devices and keys: fetched from the server, believed only as far as signatures and the log go.
actor Directory {
    /// A replay of the log that is no older serves for looking somebody up. What has changed since then shows as stale keys
    /// when something is sent.
    private static let logAge: UInt64 = 60_000

    private struct Keys {
        let version: KeysVersion
        let rotating: [Signed<KeyRecord>]
    }

    let parts: ClientParts
    private let log: LogReplica
    private var people: [AccountID: Person] = [:]
    private var keys: [AccountID: Keys] = [:]

    init(_ parts: ClientParts, log: LogReplica) {
        self.parts = parts
        self.log = log
    }

    // MARK: People

    /// Throws `unknownUser`, `noKeys`, `directory`.
    func person(named username: String) async throws -> Person {
        try await log.refresh(ifOlderThan: Self.logAge)
        let label = try await log.label(of: username)
        if await log.view.entry(for: label) == nil { try await log.refresh() }
        guard let entry = await log.view.entry(for: label) else {
            _ = try await fetch(username: username)
            throw MessengerError.directory(username, .notInLog)
        }
        if let person = try await known(entry) { return person }
        return try await take(try await fetch(username: username), named: username)
    }

    /// Whom the server means by a number and a name; nil when that user has no account, or the name is another's.
    func sender(_ user: UserID, named username: String, atLeast seq: UInt32) async throws -> Person? {
        if user == parts.profile.userID { return try await own(atLeast: seq) }
        let label = try await log.label(of: username)
        if let entry = await log.view.entry(for: label), entry.seq >= seq, let person = people[entry.account],
            person.userID == user, person.username == username, StateHash(of: person.chain.newestState) == entry.state
        {
            return person
        }
        if let stored = try await parts.store.account(of: user), stored.username == username,
            let entry = await log.view.entry(for: stored.account), entry.name == label, entry.seq >= seq,
            let person = try await known(entry)
        {
            return person
        }
        try await log.refresh()
        do {
            let answer = try await parts.api.keys(of: user, token: try parts.profile.token())
            guard try await log.label(of: answer.username) == label else { return nil }
            return try await take(answer, named: username)
        } catch let failure as APIFailure where failure.status == 404 {
            return nil
        }
    }

    /// This device's own account as the log has it. Throws `notCertified` before there is one.
    func own(atLeast seq: UInt32 = 0) async throws -> Person {
        let account = try parts.profile.certifiedAccount()
        if let entry = await log.view.entry(for: account), entry.seq >= seq, let person = try await known(entry) { return person }
        try await log.refresh()
        if let entry = await log.view.entry(for: account), let person = try await known(entry) { return person }
        let answer = try await parts.api.keys(of: parts.profile.userID, token: try parts.profile.token())
        let person = try await take(answer, named: parts.profile.username)
        guard person.account == account else { throw MessengerError.notCertified }
        return person
    }

    /// As far as it is known here, without asking the server.
    func knownPerson(_ account: AccountID) async throws -> Person? {
        guard let entry = await log.view.entry(for: account) else { return nil }
        return try await known(entry)
    }

    /// The account in memory or in the store, if it is as new as the log.
    private func known(_ entry: AccountEntry) async throws -> Person? {
        if let person = people[entry.account], StateHash(of: person.chain.newestState) == entry.state { return person }
        guard let stored = try await parts.store.account(entry.account), let newest = stored.states.last,
            StateHash(of: newest.object) == entry.state
        else { return nil }
        guard
            let chain = try? AccountChain(
                server: try await log.server(), states: stored.states, certificates: stored.certificates, entry: entry)
        else { return nil }
        let person = Person(userID: stored.userID, username: stored.username, chain: chain)
        people[entry.account] = person
        return person
    }

    private func fetch(username: String) async throws -> KeysResponse {
        do {
            return try await parts.api.keys(of: username, token: try parts.profile.token())
        } catch let failure as APIFailure where failure.status == 404 {
            // The directory says the same of nobody and of somebody without keys.
            let isThere = try await parts.api.isUser(username, token: try parts.profile.token())
            throw isThere ? MessengerError.noKeys(username) : MessengerError.unknownUser(username)
        }
    }

    /// Verifies what the server says of a name. If it is newer than the log as replayed, the log is replayed first.
    private func take(_ answer: KeysResponse, named username: String) async throws -> Person {
        let states = answer.states.compactMap { Signed<AccountState>($0.bytes) }
        let certificates = answer.certificates.compactMap { Signed<DeviceCertificate>($0.bytes) }
        guard states.count == answer.states.count else { throw MessengerError.directory(username, .brokenChain(seq: 0)) }
        guard certificates.count == answer.certificates.count else {
            throw MessengerError.directory(username, .wrongCertificate)
        }
        let label = try await log.label(of: username)
        if let newest = states.last, (await log.view.entry(for: label)?.seq ?? 0) < newest.object.seq { try await log.refresh() }
        guard let entry = await log.view.entry(for: label) else { throw MessengerError.directory(username, .notInLog) }
        do {
            let chain = try AccountChain(
                server: try await log.server(), states: states, certificates: certificates, entry: entry)
            let person = Person(userID: answer.userID, username: username, chain: chain)
            try await parts.store.save(
                StoredAccount(
                    account: chain.account, userID: answer.userID, username: username, states: states,
                    certificates: certificates))
            people[chain.account] = person
            keys[chain.account] = Keys(
                version: answer.keysVersion,
                rotating: answer.devices.compactMap { $0.rotating.flatMap { Signed<KeyRecord>($0.bytes) } })
            return person
        } catch let error as DirectoryError {
            throw MessengerError.directory(username, error)
        }
    }

    // MARK: Keys to seal to

    /// The server has newer keys of this user than those that were used.
    func forgetKeys(of user: UserID) {
        for (account, person) in people where person.userID == user { keys[account] = nil }
    }

    /// Somebody with a verified key for each device, and the version of the keys that the server is to compare.
    func recipient(_ person: Person, _ request: SealingRequest) async throws -> (recipient: Recipient, keysVersion: KeysVersion) {
        var person = person
        var (records, version) = try await self.records(person, request)
        if Set(records.map(\.object.device)) != Set(person.chain.devices.map(\.device)) {
            // Either side may be the newer one: a device has come or gone.
            try await log.refresh()
            keys[person.account] = nil
            person = try await self.person(named: person.username)
            (records, version) = try await self.records(person, request)
        }
        let recipient = try await self.recipient(person, records, request)
        guard recipient.skipped.contains(where: { $0.reason == .olderThanNamed || $0.reason == .wrongRecord }) else {
            return (recipient, version)
        }
        // A claim is answered as it was the first time, and what is remembered here may be old as well.
        keys[person.account] = nil
        (records, version) = try await self.records(
            person, SealingRequest(without: request.without, only: request.only))
        return (try await self.recipient(person, records, request), version)
    }

    private func recipient(
        _ person: Person, _ records: [Signed<KeyRecord>], _ request: SealingRequest
    ) async throws -> Recipient {
        let wanted = request.only.map { only in records.filter { $0.object.device == only } } ?? records
        let named = try await parts.store.namedKeys(of: person.chain.devices.map(\.device))
        return person.chain.recipient(
            records: wanted, without: request.without, newestNamed: named, now: parts.clock.now())
    }

    private func records(
        _ person: Person, _ request: SealingRequest
    ) async throws -> (records: [Signed<KeyRecord>], version: KeysVersion) {
        let token = try parts.profile.token()
        if let id = request.claim {
            let claimed = try await parts.api.claim(ClaimKeysRequest(userID: person.userID, requestID: id), token: token)
            return (claimed.keys.compactMap { Signed($0.record.bytes) }, claimed.keysVersion)
        }
        if let known = keys[person.account] { return (known.rotating, known.version) }
        _ = try await take(try await parts.api.keys(of: person.userID, token: token), named: person.username)
        let fetched = keys[person.account]
        return (fetched?.rotating ?? [], fetched?.version ?? .zero)
    }
}

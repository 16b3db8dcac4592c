import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Messages in groups: one request for all receivers. Who cannot get it now waits for a request of his own, in his order; the others
/// do not.
extension Outbox {
    /// So much text goes into one request; the server takes 8 MiB.
    private static let mostText = 6 << 20
    /// So long somebody who knows more of a group is waited for.
    private static let longestExchange: UInt64 = 60_000

    /// What a message in a group was sealed into.
    private enum Sealing {
        case batch([UInt8])
        /// Nobody is left who could get it.
        case nobody
        /// Whom it could be sealed to waits behind something.
        case held
    }

    /// True when the server cannot be reached, so that the round is over.
    func deliverToGroup(_ entry: OutboxEntry, _ held: inout Set<AccountID>, _ round: inout Round) async throws -> Bool {
        do {
            let pause = try await deliver(entry, &held, &round)
            if let pause {
                round.waiting += 1
                round.pause = max(round.pause, pause)
            }
        } catch MessengerError.unreachable {
            round.waiting = try await parts.store.outboxCount()
            return true
        } catch let failure as APIFailure where !failure.endsSession {
            hold(entry, &held, &round)
        } catch let error as MessengerError where error.concernsOneReceiver {
            hold(entry, &held, &round)
        }
        return false
    }

    private func hold(_ entry: OutboxEntry, _ held: inout Set<AccountID>, _ round: inout Round) {
        held.formUnion(entry.receivers ?? [])
        round.waiting += 1
    }

    /// Nil when everybody has it, or never will.
    private func deliver(_ first: OutboxEntry, _ held: inout Set<AccountID>, _ round: inout Round) async throws -> Duration? {
        var entry = first
        var pause = OutboxDecision.pause
        var sealings = 0
        while true {
            let batch: [UInt8]
            if let kept = entry.batch {
                guard held.isDisjoint(with: entry.sealedFor) else { break }
                batch = kept
            } else {
                switch try await seal(entry, &held, &round) {
                case .batch(let sealed): batch = sealed
                case .nobody: return nil
                case .held: return Self.rest(of: entry, &held, pause)
                }
            }
            switch try await send(batch) {
            case .accepted:
                guard let sent = try await reloaded(entry) else { return nil }
                if try await parts.store.acceptPart(sent, now: parts.clock.now()) { return nil }
            case .sealAnew(let users):
                sealings += 1
                guard sealings < Self.mostSealings else { return Self.rest(of: entry, &held, pause) }
                for user in users { await directory.forgetKeys(of: user) }
                try await log.refresh()
                try await parts.store.sealAnew(entry)
            case .unknown(let users, let reason):
                let gone = try await accounts(of: users, in: entry)
                guard !gone.isEmpty else { return try await refuse(entry, reason, &round) }
                round.passedOver[entry.hash, default: []].formUnion(gone)
                try await parts.store.forget(gone, of: entry)
            case .full(let users, let time):
                let full = try await accounts(of: users, in: entry)
                pause = max(pause, time)
                guard !full.isEmpty else { return Self.rest(of: entry, &held, pause) }
                held.formUnion(full)
                try await parts.store.sealAnew(entry)
            case .repeat(let time): return Self.rest(of: entry, &held, time)
            case .refused(let reason): return try await refuse(entry, reason, &round)
            case .loggedOut: throw MessengerError.loggedOut
            }
            guard let next = try await reloaded(entry) else { return nil }
            entry = next
        }
        return Self.rest(of: entry, &held, pause)
    }

    private func reloaded(_ entry: OutboxEntry) async throws -> OutboxEntry? {
        let next = try await parts.store.outboxEntry(after: entry.position - 1)
        return next?.position == entry.position ? next : nil
    }

    /// What comes later must not overtake.
    private static func rest(of entry: OutboxEntry, _ held: inout Set<AccountID>, _ pause: Duration) -> Duration {
        held.formUnion(entry.receivers ?? [])
        return pause
    }

    private func refuse(_ entry: OutboxEntry, _ reason: String, _ round: inout Round) async throws -> Duration? {
        try await parts.store.refuse(entry)
        round.refused[entry.hash] = reason
        return nil
    }

    private func accounts(of users: [UserID], in entry: OutboxEntry) async throws -> Set<AccountID> {
        var accounts: Set<AccountID> = []
        for account in entry.receivers ?? [] {
            if let user = try await parts.store.account(account)?.userID, users.contains(user) { accounts.insert(account) }
        }
        return accounts
    }

    // MARK: Sealing

    /// Seals to those who were members when it was written and still are.
    private func seal(_ entry: OutboxEntry, _ held: inout Set<AccountID>, _ round: inout Round) async throws -> Sealing {
        let now = parts.clock.now()
        let exchangeBegan = now > Self.longestExchange ? now - Self.longestExchange : 0
        if try await parts.store.awaitsChanges(of: entry.message.conversation, since: exchangeBegan) { return .held }
        try await log.refresh(ifOlderThan: 60_000)
        let own = try await directory.own()
        guard own.chain.standing(of: try parts.profile.fingerprint()) == .current else { throw MessengerError.notCertified }
        let state = try await parts.store.group(entry.message.conversation)?.state
        let isOut = state?.role(of: own.account) == nil
        if isOut, entry.message.type != .group {
            _ = try await refuse(entry, MessengerError.notInGroup("the group").description, &round)
            return .nobody
        }
        let members = Set(state?.members.map(\.account) ?? []).union([own.account])
        var gone: Set<AccountID> = []
        var targets: [Target] = []
        for account in entry.receivers ?? [] {
            if !members.contains(account) {
                gone.insert(account)
            } else if !held.contains(account) {
                do {
                    if let target = try await target(account, own: own) { targets.append(target) } else { gone.insert(account) }
                } catch let error as MessengerError where error.isAboutOnePerson {
                    held.insert(account)
                }
            }
        }
        guard await areNewest(targets) else { return try await seal(entry, &held, &round) }
        return try await keep(entry, targets, gone: gone, own: own, &round)
    }

    /// Nil for somebody who has no device that could get it.
    private func target(_ account: AccountID, own: Person) async throws -> Target? {
        if account == own.account {
            let fingerprint = try parts.profile.fingerprint()
            guard own.chain.devices.contains(where: { $0.device != fingerprint }) else { return nil }
            let (recipient, version) = try await directory.recipient(own, SealingRequest(without: fingerprint))
            return Target(person: own, recipient: recipient, keysVersion: version)
        }
        guard let person = try await directory.person(with: account) else { return nil }
        let contact = try await parts.store.contact(person.chain.name)
        if let contact, contact.account != account { throw MessengerError.newAccount(person.username) }
        if contact?.isWritten != true, await !log.isFresh() { throw MessengerError.staleLog }
        if contact == nil {
            try await parts.store.save(
                StoredContact(username: person.username, account: account, isVerified: false, isWritten: false),
                as: person.chain.name)
        }
        let (recipient, version) = try await directory.recipient(person, SealingRequest())
        return Target(person: person, recipient: recipient, keysVersion: version)
    }

    private func keep(
        _ entry: OutboxEntry, _ targets: [Target], gone: Set<AccountID>, own: Person, _ round: inout Round
    ) async throws -> Sealing {
        let sealer = EnvelopeSealer(server: try await log.server(), deviceKey: parts.profile.deviceKey)
        var gone = gone
        var items: [SealedBatch.Item] = []
        var slots: [SentSlots] = []
        var size = 0
        for target in targets where size < Self.mostText {
            guard let sealed = try sealer.seal(entry.message, to: [target.recipient]).first else {
                gone.insert(target.person.account)
                continue
            }
            round.skipped[entry.hash, default: []] += sealed.skipped
            let text = EnvelopeText.text(sealed.bytes)
            size += text.utf8.count
            items.append(SealedBatch.Item(receiverID: target.person.userID, message: text, keysVersion: target.keysVersion))
            slots.append(SentSlots(sealed, of: target.recipient))
        }
        if !gone.isEmpty {
            round.passedOver[entry.hash, default: []].formUnion(gone.subtracting([own.account]))
            try await parts.store.forget(gone, of: entry)
        }
        guard let current = gone.isEmpty ? entry : try await reloaded(entry) else { return .nobody }
        guard !items.isEmpty else { return .held }
        let batch = WireJSON.encode(batch(items, for: current))
        try await parts.store.keep(batch, slots: slots, for: current)
        return .batch(batch)
    }
}

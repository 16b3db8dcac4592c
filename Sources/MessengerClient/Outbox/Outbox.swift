import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Messages on their way to the server, in their order for each receiver.
///
/// Sealed at the moment of sending; what was sealed is kept until a definite answer and repeated byte for byte; only after
/// the server has said that keys were stale is the same message sealed anew.
actor Outbox {
    /// So often in a row keys may turn out to be stale.
    static let mostSealings = 5

    /// What one round through the outbox came to.
    struct Round: Sendable {
        var waiting = 0
        /// When something waits: how long until it is worth trying again.
        var pause: Duration = .seconds(1)
        var skipped: [MessageHash: [SkippedDevice]] = [:]
        var refused: [MessageHash: String] = [:]
        /// Members of a group whom it cannot be sealed to.
        var passedOver: [MessageHash: Set<AccountID>] = [:]
    }

    let parts: ClientParts
    let log: LogReplica
    let directory: Directory
    private let turn = FIFOLock()

    init(_ parts: ClientParts, log: LogReplica, directory: Directory) {
        self.parts = parts
        self.log = log
        self.directory = directory
    }

    /// Tries everything that waits. Throws what ends the session or everything's credibility; that the server cannot be
    /// reached is no error here but leaves messages waiting.
    func flush() async throws -> Round {
        try await turn.withLock { try await self.flushAlone() }
    }

    private func flushAlone() async throws -> Round {
        var round = Round()
        var position: Int64 = 0
        var held: Set<AccountID> = []
        while let entry = try await parts.store.outboxEntry(after: position) {
            position = entry.position
            if entry.receivers != nil {
                if try await deliverToGroup(entry, &held, &round) { return round }
                continue
            }
            // What comes later must not overtake.
            if held.contains(entry.account) {
                round.waiting += 1
                continue
            }
            do {
                if let pause = try await deliver(entry, &round) {
                    held.insert(entry.account)
                    round.waiting += 1
                    round.pause = max(round.pause, pause)
                }
            } catch MessengerError.unreachable {
                round.waiting = try await parts.store.outboxCount()
                return round
            } catch let failure as APIFailure where !failure.endsSession {
                held.insert(entry.account)
                round.waiting += 1
            } catch let error as MessengerError where error.concernsOneReceiver {
                held.insert(entry.account)
                round.waiting += 1
            }
        }
        return round
    }

    /// Nil when there is a definite answer; else how long to wait.
    private func deliver(_ first: OutboxEntry, _ round: inout Round) async throws -> Duration? {
        var entry = first
        for _ in 0..<Self.mostSealings {
            let batch: [UInt8]
            if let kept = entry.batch {
                batch = kept
            } else if let sealed = try await seal(entry, &round) {
                batch = sealed
            } else {
                try await parts.store.accept(entry, now: parts.clock.now())
                return nil
            }
            switch try await send(batch) {
            case .accepted:
                try await parts.store.accept(entry, now: parts.clock.now())
                return nil
            case .sealAnew(let users):
                for user in users { await directory.forgetKeys(of: user) }
                try await log.refresh()
                try await parts.store.sealAnew(entry)
                guard let next = try await parts.store.outboxEntry(after: entry.position - 1) else { return nil }
                entry = next
            case .repeat(let pause), .full(_, let pause): return pause
            case .refused(let reason), .unknown(_, let reason):
                try await parts.store.refuse(entry)
                round.refused[entry.hash] = reason
                return nil
            case .loggedOut: throw MessengerError.loggedOut
            }
        }
        return OutboxDecision.pause
    }

    func send(_ batch: [UInt8]) async throws -> OutboxDecision {
        do {
            try await parts.api.send(batch, token: try parts.profile.token())
            return .accepted
        } catch let failure as APIFailure {
            return OutboxDecision(failure)
        }
    }

    // MARK: Sealing

    /// The body of the request, kept in the store; nil when nobody but this device would get it.
    private func seal(_ entry: OutboxEntry, _ round: inout Round) async throws -> [UInt8]? {
        try await log.refresh(ifOlderThan: 60_000)
        let own = try await directory.own()
        guard own.chain.standing(of: try parts.profile.fingerprint()) == .current else { throw MessengerError.notCertified }
        let targets = try await targets(entry, own: own)
        guard await areNewest(targets) else { return try await seal(entry, &round) }
        let sealer = EnvelopeSealer(server: try await log.server(), deviceKey: parts.profile.deviceKey)
        var items: [SealedBatch.Item] = []
        var slots: [SentSlots] = []
        for target in targets {
            let sealed = try sealer.seal(entry.message, to: [target.recipient]).first
            round.skipped[entry.hash, default: []] += sealed?.skipped ?? target.recipient.skipped
            guard let sealed else {
                if target.person.account == entry.account, entry.account != own.account {
                    throw MessengerError.noKeys(target.person.username)
                }
                continue
            }
            items.append(
                SealedBatch.Item(
                    receiverID: target.person.userID, message: EnvelopeText.text(sealed.bytes), keysVersion: target.keysVersion))
            slots.append(SentSlots(sealed, of: target.recipient))
        }
        guard !items.isEmpty else { return nil }
        let batch = WireJSON.encode(batch(items, for: entry))
        try await parts.store.keep(batch, slots: slots, for: entry)
        return batch
    }

    struct Target {
        let person: Person
        let recipient: Recipient
        let keysVersion: KeysVersion
    }

    /// Whether the log still says the same of all: looking for one of them may have shown that another one revoked a device.
    func areNewest(_ targets: [Target]) async -> Bool {
        let view = await log.view
        return targets.allSatisfy { view.entry(for: $0.recipient.account)?.seq == $0.recipient.seq }
    }

    /// The receiver, and one's own account for the other devices.
    private func targets(_ entry: OutboxEntry, own: Person) async throws -> [Target] {
        let fingerprint = try parts.profile.fingerprint()
        var targets: [Target] = []
        if entry.account != own.account {
            let person = try await receiver(entry)
            let claim = entry.usesOneTimeKeys ? "\(entry.message.id)-\(entry.attempt)" : nil
            let (recipient, version) = try await directory.recipient(person, SealingRequest(claim: claim, only: entry.device))
            targets.append(Target(person: person, recipient: recipient, keysVersion: version))
        }
        let hasOtherDevices = own.chain.devices.contains { $0.device != fingerprint }
        if hasOtherDevices, entry.device == nil || entry.account == own.account {
            let (recipient, version) = try await directory.recipient(
                own, SealingRequest(without: fingerprint, only: entry.device))
            targets.append(Target(person: own, recipient: recipient, keysVersion: version))
        }
        return targets
    }

    /// The account that the message was written for. Another one under the same name gets nothing.
    private func receiver(_ entry: OutboxEntry) async throws -> Person {
        let person = try await directory.person(named: entry.peer)
        guard person.account == entry.account else { throw MessengerError.newAccount(entry.peer) }
        let contact = try await parts.store.contact(try await log.label(of: entry.peer))
        if contact?.isWritten != true, await !log.isFresh() { throw MessengerError.staleLog }
        return person
    }

    func batch(_ items: [SealedBatch.Item], for entry: OutboxEntry) -> SealedBatch {
        SealedBatch(
            messages: items, senderID: parts.profile.userID, senderUsername: parts.profile.username,
            sendDate: SendDate.text(entry.message.sent), clientMessageID: key(of: entry))
    }

    /// The same at each attempt. Sent again to another device, a message is another request.
    private func key(of entry: OutboxEntry) -> String {
        if let device = entry.device { return Hexadecimal.text(entry.message.id.bytes.prefix(8) + device.bytes) }
        return entry.part == 0 ? "\(entry.message.id)" : "\(entry.message.id)-\(entry.part)"
    }
}

import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Takes messages of the server's inbox: opens, checks and stores them, one after another.
actor Inbox {
    private let parts: ClientParts
    private let log: LogReplica
    private let directory: Directory
    private let groups: GroupReader
    private let turn = FIFOLock()

    init(_ parts: ClientParts, log: LogReplica, directory: Directory) {
        self.parts = parts
        self.log = log
        self.directory = directory
        groups = GroupReader(parts: parts, directory: directory)
    }

    /// What came of messages, in their order, stored in one transaction. One that is stored already changes nothing.
    ///
    /// When what is needed to judge one of them cannot be had now (the network, the store, a log that can be believed), those
    /// before it are stored, and it and the rest are to be taken again later.
    func take(_ delivered: [DeliveredMessage]) async throws -> Taken {
        try await turn.withLock { try await self.takeAlone(delivered) }
    }

    private func takeAlone(_ delivered: [DeliveredMessage]) async throws -> Taken {
        let through = try await parts.store.storedThrough()
        let due = delivered.filter { $0.messageID > through }
        guard !due.isEmpty else { return Taken(stored: [], failure: nil) }
        let opener = EnvelopeOpener(
            server: try await log.server(), account: try parts.profile.certifiedAccount(),
            device: try parts.profile.fingerprint(), suite: parts.profile.suite)
        let envelopes = due.map { EnvelopeText.envelope($0.message) }
        let known = try await parts.store.known(envelopes.compactMap(\.self), by: opener)
        var arrivals: [(arrival: Arrival, number: MessageNumber)] = []
        var failure: (any Error)?
        for (message, envelope) in zip(due, envelopes) {
            do {
                arrivals.append((try await judge(message, envelope, known, opener), message.messageID))
            } catch {
                failure = error
                break
            }
        }
        let stored = arrivals.isEmpty ? [] : try await parts.store.store(arrivals, now: parts.clock.now())
        return Taken(stored: stored, failure: failure)
    }

    /// Numbers that will not come any more.
    func skip(through number: MessageNumber) async throws {
        _ = try await turn.withLock {
            try await self.parts.store.store([(.nothing(envelope: nil), number)], now: self.parts.clock.now())
        }
    }

    private func judge(
        _ delivered: DeliveredMessage, _ envelope: [UInt8]?, _ known: KnownEnvelopes, _ opener: EnvelopeOpener
    ) async throws -> Arrival {
        let now = parts.clock.now()
        guard let envelope else {
            return .failed(check: .malformed, envelope: nil, sender: delivered.senderUsername, sent: now)
        }
        let hash = EnvelopeHash(of: envelope)
        if known.remembered.contains(hash) { return .nothing(envelope: hash) }
        do {
            return .opened(try await open(try opener.unseal(envelope) { known.keys[$0] }, delivered, opener))
        } catch let check as EnvelopeCheck {
            // A device that was certified later shows nothing for what was not sealed to it.
            if check == .noSlot {
                let isMissed = try await hasReplacedDevice() && delivered.senderID != parts.profile.userID
                return isMissed ? .missed(envelope: hash, sender: delivered.senderUsername) : .nothing(envelope: hash)
            }
            return .failed(check: check, envelope: hash, sender: delivered.senderUsername, sent: now)
        }
    }

    /// Whether this device came into the account by the recovery secret, and not as its first one.
    private func hasReplacedDevice() async throws -> Bool {
        let certificate = try await directory.own().chain.certificate(of: try parts.profile.fingerprint())
        return certificate?.hasReplacedDevice == true
    }

    private func open(
        _ unverified: UnverifiedMessage, _ delivered: DeliveredMessage, _ opener: EnvelopeOpener
    ) async throws -> OpenedArrival {
        let own = try await directory.own()
        var claimed = try await sender(delivered, atLeast: unverified.fromSeq)
        if claimed?.account != unverified.fromAccount {
            // The name may have got another account since the log was replayed.
            try await log.refresh()
            claimed = try await sender(delivered, atLeast: unverified.fromSeq)
        }
        guard let sender = claimed else { throw EnvelopeCheck.account }
        var opened = try opener.verify(
            unverified, claimedSender: sender.account, sender: sender.chain, own: try await directory.own().chain)
        if opened.toSeq > own.chain.seq {
            // The sender knows a newer state of this account than this device.
            try await log.refresh()
            opened = try opener.verify(
                unverified, claimedSender: sender.account, sender: sender.chain, own: try await directory.own().chain)
        }
        // A sender who has seen more of the log is caught up with; a server that has no more cannot be believed (E18).
        if opened.message.logSize > (await log.view.size) { try await log.refresh() }
        return try await arrival(opened, sender: sender, own: own)
    }

    private func sender(_ delivered: DeliveredMessage, atLeast seq: UInt32) async throws -> Person? {
        do {
            return try await directory.sender(delivered.senderID, named: delivered.senderUsername, atLeast: seq)
        } catch MessengerError.directory {
            // A list that its owner did not sign: nobody is known under this name.
            throw EnvelopeCheck.device
        }
    }

    private func arrival(_ opened: OpenedMessage, sender: Person, own: Person) async throws -> OpenedArrival {
        let message = opened.message
        let isMine = sender.account == own.account
        var content = MessageContent(message)
        let isInGroup = message.groupState != .zero && message.conversation != .direct(own.account, sender.account)
        let peer: (name: String, account: AccountID)
        if isMine, !isInGroup {
            peer = try await self.peer(of: message, own: own)
        } else {
            peer = (sender.username, sender.account)
        }
        let group = try await groups.arrival(
            message, content, isInGroup: isInGroup, from: sender, peer: peer.account, own: own.account)
        // Changes of no group.
        if case .group = content, group == nil { content = nil }
        return OpenedArrival(
            opened: opened, conversation: Conversation(direct: own.account, peer.account), peer: peer.name, isMine: isMine,
            content: content, log: await log.view, owesReceipt: !isMine && parts.configuration.sendsDeliveredReceipts,
            group: group)
    }

    /// With whom a message of one's own other device is: whom it states, if the conversation is theirs; else whoever in the
    /// log it is. Its own account when nobody fits, which E14 then shows.
    private func peer(of message: Message, own: Person) async throws -> (name: String, account: AccountID) {
        let view = await log.view
        if let name = MessageContent.statedPeer(message), let entry = view.entry(for: try await log.label(of: name)),
            ConversationID.direct(own.account, entry.account) == message.conversation
        {
            return (name, entry.account)
        }
        for contact in try await parts.store.contacts()
        where ConversationID.direct(own.account, contact.account) == message.conversation {
            return (contact.username, contact.account)
        }
        return (own.username, own.account)
    }
}

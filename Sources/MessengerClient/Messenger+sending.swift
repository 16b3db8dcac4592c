import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

extension Messenger {
    /// Sends a text. It is in the outbox when this returns, and `delivery` says how far it got; throws only when it can
    /// never be sent, or the person has to decide something first: `newAccount`, `notPostQuantum`.
    public func send(_ text: String, to username: String) async throws -> SentMessage {
        try await send(.text(text), to: username)
    }

    public func send(_ content: MessageContent, to username: String) async throws -> SentMessage {
        try await explaining {
            do { try await ensurePrepared() } catch MessengerError.unreachable {}
            return try await post(content, to: username)
        }
    }

    /// Puts a message into the outbox, and tries it.
    /// - Parameter upload: the one that the message is about, forgotten with it.
    func post(
        _ content: MessageContent, to username: String, finishing upload: PendingUpload.ID? = nil
    ) async throws -> SentMessage {
        let person = try await receiver(username)
        try await checkSuites(content, to: person)
        let newDevices = try await noticeDevices(of: person)
        let (draft, goesOut) = try await draft(content, to: person)
        let message = try await parts.store.enqueue(draft, goesOut: goesOut, finishing: upload)
        return try await deliver(message, newDevices: newDevices)
    }

    /// Throws `notFound` when this device does not have the message.
    public func reply(_ text: String, to message: MessageHash) async throws -> SentMessage {
        try await send(.text(text, replyTo: message), about: try await stored(message))
    }

    /// Throws `notFound` for a message that is not one's own.
    public func edit(_ message: MessageHash, text: String) async throws -> SentMessage {
        try await send(.edit(of: message, text: text), about: try await ownMessage(message))
    }

    /// Throws `notFound` for a message that is not one's own. What others have already read they may remember. A file of the
    /// message is deleted at the server, too.
    public func delete(_ message: MessageHash) async throws -> SentMessage {
        let stored = try await ownMessage(message)
        let sent = try await send(.delete(of: message), about: stored)
        if case .attachment(let attachment) = stored.content { await uploads.deleteBlob(of: attachment) }
        return sent
    }

    /// An empty emoji takes the reaction back.
    public func react(_ emoji: String, to message: MessageHash) async throws -> SentMessage {
        try await send(.reaction(of: message, emoji: emoji), about: try await stored(message))
    }

    private func send(_ content: MessageContent, about message: StoredMessage) async throws -> SentMessage {
        guard message.isInGroup else { return try await send(content, to: message.peer) }
        return try await send(content, in: message.conversation)
    }

    /// What expires of these begins to count, and their senders are told that they were read, if `sendsReadReceipts`. Those that are
    /// not here are passed over.
    public func markRead(_ messages: [MessageHash]) async throws {
        try await beginExpiry(of: messages)
        guard parts.configuration.sendsReadReceipts else { return }
        var read: [String: [MessageHash]] = [:]
        for hash in messages {
            guard let stored = try await parts.store.message(hash), !stored.isMine else { continue }
            read[stored.peer, default: []].append(hash)
        }
        for (peer, hashes) in read { _ = try await send(.receipt(read: hashes), to: peer) }
    }

    /// Tries now what waits in the outbox. How many still wait.
    public func flush() async throws -> Int {
        try await explaining {
            do { try await ensurePrepared() } catch MessengerError.unreachable {}
            let round = try await outbox.flush()
            feed.send(.outboxChanged)
            return round.waiting
        }
    }

    /// Puts what this device owes into the outbox; nil when it is not owed any more, or has to wait.
    func enqueue(_ content: MessageContent, to person: Person, settling obligation: Obligation) async throws -> Message? {
        let (draft, goesOut) = try await draft(content, to: person)
        return try await parts.store.enqueue(draft, goesOut: goesOut, settling: obligation)
    }

    /// What goes into a group is written to oneself at first.
    func draft(_ content: MessageContent, to person: Person) async throws -> (draft: OutgoingDraft, goesOut: Bool) {
        let own = try await directory.own()
        let view = await log.view
        let draft = OutgoingDraft(
            content: content, peer: person.username, peerAccount: person.account, account: own.account,
            device: try parts.profile.fingerprint(), sent: parts.clock.now(), fromSeq: own.chain.seq, logSize: view.size,
            logRoot: view.root, newestKey: try await keys.newest())
        return (draft, !draft.isNote || own.chain.devices.count > 1)
    }

    /// The account that the name has. Throws `newAccount` when it is another one than before. Without the network, the one known here.
    func receiver(_ username: String) async throws -> Person {
        let name = username.precomposedStringWithCanonicalMapping
        if name == self.username { return try await directory.own() }
        do {
            return try await admit(try await directory.person(named: name))
        } catch MessengerError.unreachable(let reason) {
            guard let contact = try await parts.store.contact(try await log.label(of: name)),
                let person = try await directory.knownPerson(contact.account)
            else { throw MessengerError.unreachable(reason) }
            return person
        }
    }

    func deliver(_ message: Message, newDevices: [Device]) async throws -> SentMessage {
        let hash = message.hash
        let round = try await outbox.flush()
        feed.send(.outboxChanged)
        if round.waiting > 0 { outboxNews.raise() }
        let stored = try await parts.store.message(hash)
        let delivery = round.refused[hash].map { .refused($0) } ?? stored?.delivery ?? (round.waiting == 0 ? .accepted : .waiting)
        return SentMessage(
            hash: hash, sent: Date(milliseconds: message.sent), delivery: delivery, skippedDevices: round.skipped[hash] ?? [],
            passedOver: try await names(of: round.passedOver[hash] ?? []), newDevices: newDevices)
    }

    func stored(_ hash: MessageHash) async throws -> StoredMessage {
        guard let stored = try await parts.store.message(hash) else { throw MessengerError.notFound }
        return stored
    }

    private func ownMessage(_ hash: MessageHash) async throws -> StoredMessage {
        let stored = try await stored(hash)
        guard stored.isMine else { throw MessengerError.notFound }
        return stored
    }
}

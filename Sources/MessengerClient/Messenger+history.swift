import Foundation
import KeyLog
import MessengerCrypto

extension Messenger {
    /// Newest first; from this device alone. A group in which nothing was written yet comes with its beginning.
    public func conversations() async throws -> [ConversationSummary] {
        try await removeExpired()
        let contacts = Dictionary(try await parts.store.contacts().map { ($0.username, $0) }) { first, _ in first }
        var summaries: [ConversationSummary] = []
        for (last, unhandled) in try await parts.store.summaries() {
            if last.isInGroup {
                summaries.append(ConversationSummary(last, unhandled, try await groupOrNone(last.conversation), me: username))
                continue
            }
            let contact = contacts[last.peer]
            summaries.append(
                ConversationSummary(
                    username: last.peer, group: nil, title: last.peer, lastActivity: Date(milliseconds: last.sent),
                    lastText: ReceivedMessage(last, me: username).text, unacknowledged: unhandled,
                    isVerified: contact?.isVerified == true, isPostQuantum: try await isPostQuantum(contact?.account)))
        }
        return summaries
    }

    /// Of a group whose changes have not come, what can be said.
    private func groupOrNone(_ id: ConversationID) async throws -> Group {
        do { return try await group(id) } catch MessengerError.notFound {
            return Group(id: id, name: StoredGroup.title(of: id), members: [], role: nil, isPostQuantum: false)
        }
    }

    /// Up to `limit` messages before a position, or the newest ones; oldest first. Empty for somebody unknown here. Of a name that
    /// has had several accounts, the conversation with the accepted one.
    public func history(
        with username: String, before position: HistoryPosition? = nil, limit: Int = 50
    ) async throws -> [HistoryItem] {
        let name = username.precomposedStringWithCanonicalMapping
        guard let conversation = try await conversation(with: name) else { return [] }
        return try await history(conversation, before: position, limit: limit)
    }

    /// The same of a group.
    public func history(
        of group: ConversationID, before position: HistoryPosition? = nil, limit: Int = 50
    ) async throws -> [HistoryItem] {
        try await history(group, before: position, limit: limit)
    }

    private func history(
        _ conversation: ConversationID, before position: HistoryPosition?, limit: Int
    ) async throws -> [HistoryItem] {
        try await removeExpired()
        let messages = try await parts.store.history(conversation, before: position, limit: limit)
        let names = try await names(in: messages)
        let amendments = Dictionary(
            grouping: try await parts.store.amendments(of: messages.compactMap(\.hash)), by: { $0.target ?? .zero })
        return messages.reversed().map { message in
            HistoryItem(message, amendments: message.hash.flatMap { amendments[$0] } ?? [], me: username, names: names)
        }
    }

    private func conversation(with name: String) async throws -> ConversationID? {
        if let account = parts.profile.account,
            let contact = try await parts.store.contacts().first(where: { $0.username == name })
        {
            let accepted = ConversationID.direct(account, contact.account)
            if try await parts.store.hasMessages(accepted) { return accepted }
        }
        return try await parts.store.conversation(with: name)
    }
}

import Foundation
import KeyLog
import MessengerCrypto

extension Messenger {
    /// Newest first; from this device alone.
    public func conversations() async throws -> [ConversationSummary] {
        let contacts = Dictionary(try await parts.store.contacts().map { ($0.username, $0) }) { first, _ in first }
        var summaries: [ConversationSummary] = []
        for (last, unhandled) in try await parts.store.summaries() {
            let contact = contacts[last.peer]
            summaries.append(
                ConversationSummary(
                    username: last.peer, lastActivity: Date(milliseconds: last.sent),
                    lastText: ReceivedMessage(last, me: username).text, unacknowledged: unhandled,
                    isVerified: contact?.isVerified == true, isPostQuantum: try await isPostQuantum(contact?.account)))
        }
        return summaries
    }

    /// Up to `limit` messages before a position, or the newest ones; oldest first. Empty for somebody unknown here. Of a name that
    /// has had several accounts, the conversation with the accepted one.
    public func history(
        with username: String, before position: HistoryPosition? = nil, limit: Int = 50
    ) async throws -> [HistoryItem] {
        let name = username.precomposedStringWithCanonicalMapping
        guard let conversation = try await conversation(with: name) else { return [] }
        let messages = try await parts.store.history(conversation, before: position, limit: limit)
        let amendments = Dictionary(
            grouping: try await parts.store.amendments(of: messages.compactMap(\.hash)), by: { $0.target ?? .zero })
        return messages.reversed().map { message in
            HistoryItem(message, amendments: message.hash.flatMap { amendments[$0] } ?? [], me: self.username)
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

import Foundation
import KeyLog
import MessengerCrypto

extension Messenger {
    /// Newest first; from this device alone. A group in which nothing was written yet comes with its beginning.
    public func conversations() async throws -> [ConversationSummary] {
        try await removeExpired()
        let verified = Set(try await parts.store.contacts().filter(\.isVerified).map { $0.username })
        let groups = Dictionary(uniqueKeysWithValues: try await groups().map { ($0.id, $0) })
        return try await parts.store.summaries().map { last, unhandled in
            let group = last.isInGroup ? groups[last.conversation] : nil
            return ConversationSummary(
                username: last.isInGroup ? nil : last.peer, group: last.isInGroup ? last.conversation : nil,
                title: last.isInGroup ? group?.name ?? StoredGroup.title(of: last.conversation) : last.peer,
                lastActivity: Date(milliseconds: last.sent), lastText: ReceivedMessage(last, me: username).text,
                unacknowledged: unhandled, isVerified: last.isInGroup ? group?.isVerified == true : verified.contains(last.peer))
        }
    }

    /// Up to `limit` messages before a position, or the newest ones; oldest first. Empty for somebody unknown here.
    public func history(
        with username: String, before position: HistoryPosition? = nil, limit: Int = 50
    ) async throws -> [HistoryItem] {
        let name = username.precomposedStringWithCanonicalMapping
        guard let conversation = try await parts.store.conversation(with: name) else { return [] }
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
}

import Foundation
import KeyLog
import MessengerCrypto

extension Messenger {
    /// Newest first; from this device alone.
    public func conversations() async throws -> [ConversationSummary] {
        let verified = Set(try await parts.store.contacts().filter(\.isVerified).map { $0.username })
        return try await parts.store.summaries().map { last, unhandled in
            ConversationSummary(
                username: last.peer, lastActivity: Date(milliseconds: last.sent),
                lastText: ReceivedMessage(last, me: username).text,
                unacknowledged: unhandled, isVerified: verified.contains(last.peer))
        }
    }

    /// Up to `limit` messages before a position, or the newest ones; oldest first. Empty for somebody unknown here.
    public func history(
        with username: String, before position: HistoryPosition? = nil, limit: Int = 50
    ) async throws -> [HistoryItem] {
        let name = username.precomposedStringWithCanonicalMapping
        guard let conversation = try await parts.store.conversation(with: name) else { return [] }
        let messages = try await parts.store.history(conversation, before: position, limit: limit)
        let amendments = Dictionary(
            grouping: try await parts.store.amendments(of: messages.compactMap(\.hash)), by: { $0.target ?? .zero })
        return messages.reversed().map { message in
            HistoryItem(message, amendments: message.hash.flatMap { amendments[$0] } ?? [], me: self.username)
        }
    }
}

import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

extension Messenger {
    /// What comes to this device, from the first message that was not acknowledged.
    public nonisolated var messages: IncomingMessages { IncomingMessages(messenger: self) }

    /// What happens beside the messages, from now on, for each listener of its own.
    public nonisolated var events: AsyncStream<ConnectionEvent> { feed.listen() }

    /// The program is done with this message and all before it: `messages` will not give them out again.
    public func acknowledge(_ message: ReceivedMessage) async throws {
        try await parts.store.handle(through: message.position)
    }

    /// What `messages` would give out, without waiting for more.
    public func unacknowledged(limit: Int = 100) async throws -> [ReceivedMessage] {
        try await incoming(after: nil, limit: limit)
    }

    /// Fetches, opens and stores all that waits at the server, without a stream. How many came.
    public func receive() async throws -> Int {
        try await explaining {
            try await prepare()
            try await finishBatch()
            var count = 0
            while true {
                let after = try await parts.store.storedThrough()
                let page = try await parts.api.messages(after: after, token: try parts.profile.token())
                try await take(page.messages)
                count += page.messages.count
                guard !page.messages.isEmpty else { break }
                try await finishBatch()
            }
            _ = try await outbox.flush()
            return count
        }
    }

    /// - Parameter position: nil for the first that was not acknowledged.
    func incoming(after position: HistoryPosition?, limit: Int) async throws -> [ReceivedMessage] {
        try await removeExpired()
        let start: HistoryPosition
        if let position { start = position } else { start = try await parts.store.handledThrough() }
        let messages = try await parts.store.incoming(after: start, limit: limit)
        guard !messages.isEmpty else { return [] }
        let names = try await names(in: messages)
        let accounts = Dictionary(try await parts.store.contacts().map { ($0.username, $0.account) }) { first, _ in first }
        return messages.map { ReceivedMessage($0, me: username, names: names, accepted: accounts[$0.peer]) }
    }
}

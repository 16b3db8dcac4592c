import Foundation
import KeyLog
import MessengerCrypto

/// Messages that go by themselves.
extension Messenger {
    private static let longestWait: UInt64 = 30_000

    /// From now on messages between both go after this time; nil lets them stay. Earlier ones are as they were.
    public func setTimer(_ seconds: Int?, with username: String) async throws -> SentMessage {
        try await send(.timer(try Self.checked(seconds)), to: username)
    }

    /// The same in a group, by any of its members.
    public func setTimer(_ seconds: Int?, in group: ConversationID) async throws -> SentMessage {
        try await send(.timer(try Self.checked(seconds)), in: group)
    }

    /// In seconds; nil when messages stay, and for somebody who is not known here.
    public func timer(with username: String) async throws -> Int? {
        let name = username.precomposedStringWithCanonicalMapping
        guard let conversation = try await parts.store.conversation(with: name) else { return nil }
        return try await parts.store.timer(of: conversation)
    }

    public func timer(in group: ConversationID) async throws -> Int? { try await parts.store.timer(of: group) }

    /// They were read on this device: those that expire begin to count. `markRead` does this as well, and tells their senders.
    public func beginExpiry(of messages: [MessageHash]) async throws {
        try await parts.store.beginExpiry(of: messages, now: parts.clock.now())
    }

    private static func checked(_ seconds: Int?) throws -> Int? {
        guard seconds.map({ (1...MessageContent.longestExpiry).contains($0) }) ?? true else {
            throw MessengerError.invalid("Messages can go after 1 second to 10 years.")
        }
        return seconds
    }

    /// Overwrites what is due. Called before anything is shown or backed up, at the start, and while connected.
    func removeExpired() async throws {
        let positions = try await parts.store.removeExpired(now: parts.clock.now())
        if !positions.isEmpty { feed.send(.expired(positions)) }
    }

    /// Until the connection ends. What the store refuses is tried again.
    func runExpiry() async {
        while !Task.isCancelled {
            var wait = Self.longestWait
            do {
                try await removeExpired()
                let now = parts.clock.now()
                if let next = try await parts.store.nextExpiry() { wait = next > now ? min(next - now, wait) : 1000 }
            } catch {
                feed.send(.warning("\(error)"))
            }
            do { try await parts.clock.sleep(.milliseconds(Int64(wait))) } catch { return }
        }
    }
}

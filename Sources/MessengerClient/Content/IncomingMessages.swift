import MessengerCrypto

/// Everything that comes to this device, from the first message that was not acknowledged: in order, from the local store,
/// then as it arrives. The connection is begun by the first `next` and resumes by itself.
///
/// Ends at `close` and when the task is cancelled. Throws what a connection does not recover from: `replaced`, `loggedOut`,
/// `notCertified`, and what is wrong with the key log.
public struct IncomingMessages: AsyncSequence, Sendable {
    public typealias Element = ReceivedMessage

    let messenger: Messenger

    public func makeAsyncIterator() -> Iterator { Iterator(messenger: messenger) }

    public struct Iterator: AsyncIteratorProtocol {
        private static let page = 64

        let messenger: Messenger
        private var position: HistoryPosition?
        private var waiting: ArraySlice<ReceivedMessage> = []

        init(messenger: Messenger) { self.messenger = messenger }

        public mutating func next() async throws -> ReceivedMessage? {
            if let message = waiting.popFirst() { return message }
            do { try await messenger.connect() } catch MessengerError.closed { return nil }
            while !Task.isCancelled {
                let seen = messenger.news.version
                let failure = messenger.news.failure
                if failure == .closed { return nil }
                waiting = try await messenger.incoming(after: position, limit: Self.page)[...]
                if let message = waiting.popFirst() {
                    position = waiting.last?.position ?? message.position
                    return message
                }
                if let failure { throw failure }
                await messenger.news.wait(after: seen)
            }
            return nil
        }
    }
}

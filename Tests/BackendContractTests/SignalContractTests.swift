import MessengerAPI
import MessengerCore
import Synchronization
import Testing

@Suite("Every signal tells what has news", .timeLimit(.minutes(1)))
struct SignalContractTests {
    @Test("Each listener hears every announcement from its subscription on")
    func announcements() {
        let signal = LocalSignal()
        let heard = (Heard(), Heard())
        func stored(_ receivers: Int64...) -> [InboxMessage] {
            receivers.map {
                InboxMessage(
                    number: MessageNumber(1), sender: UserID(9), senderUsername: "ann", receiver: UserID($0), body: "",
                    sendDate: "2026-01-01")
            }
        }
        signal.announce(stored(1), hints: [:])
        signal.subscribe { heard.0.add($0) }
        signal.announce(stored(2, 3), hints: [:])
        signal.subscribe { heard.1.add($0) }
        signal.announce(stored(4), hints: [:])
        signal.announce([], hints: [:])
        #expect(heard.0.messages == [stored(2, 3), stored(4)])
        #expect(heard.1.messages == [stored(4)])
    }

    private final class Heard: Sendable {
        private let state = Mutex<[[InboxMessage]]>([])
        var messages: [[InboxMessage]] { state.withLock { $0 } }
        func add(_ news: InboxNews) {
            if case .stored(let messages) = news { state.withLock { $0.append(messages) } }
        }
    }
}

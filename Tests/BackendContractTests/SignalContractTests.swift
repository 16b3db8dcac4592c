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
        signal.announce([UserID(1)])
        signal.subscribe { heard.0.add($0) }
        signal.announce([UserID(2), UserID(3)])
        signal.subscribe { heard.1.add($0) }
        signal.announce([UserID(4)])
        signal.announce([])
        #expect(heard.0.users == [[UserID(2), UserID(3)], [UserID(4)]])
        #expect(heard.1.users == [[UserID(4)]])
    }

    private final class Heard: Sendable {
        private let state = Mutex<[[UserID]]>([])
        var users: [[UserID]] { state.withLock { $0 } }
        func add(_ users: [UserID]) { state.withLock { $0.append(users) } }
    }
}

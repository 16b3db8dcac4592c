import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("What waits to be published", .timeLimit(.minutes(1)))
struct HintOutboxTests {
    private static func users(_ ids: some Sequence<Int>) -> Hints { Hints(news: Set(ids.map { UserID(Int64($0)) })) }
    private static func node(_ id: Int64) -> HintDestination { .node(NodeID(id)) }

    private func wakes(_ outbox: inout HintOutbox, _ hints: [HintDestination: Hints]) -> Bool { outbox.add(hints) }
    /// Whether a round begins.
    private func finds(_ outbox: inout HintOutbox) -> Bool { !outbox.startRound().isEmpty }

    @Test("Hints that wait for one destination run together, in the order of the destinations")
    func union() {
        var outbox = HintOutbox()
        _ = outbox.add([Self.node(1): Self.users([1, 2])])
        _ = outbox.add([.anySender: Hints(tryNow: [DeviceID(9)])])
        _ = outbox.add([Self.node(1): Self.users([2, 3])])
        #expect(outbox.count == 4)
        let round = outbox.startRound()
        #expect(round.map(\.destination) == [Self.node(1), .anySender])
        #expect(round.map(\.hints) == [Self.users([1, 2, 3]), Hints(tryNow: [DeviceID(9)])])
        #expect(outbox.count == 0)
        outbox.endRound(isConfirmed: true)
        let next = outbox.startRound()
        #expect(next.isEmpty)
    }

    @Test("The publisher is woken once, and only when it found nothing")
    func waking() {
        var outbox = HintOutbox()
        #expect(!wakes(&outbox, [Self.node(1): Self.users([1])]), "it has not looked yet")
        #expect(finds(&outbox))
        #expect(!wakes(&outbox, [Self.node(1): Self.users([2])]), "a round is under way")
        outbox.endRound(isConfirmed: true)
        #expect(finds(&outbox))
        outbox.endRound(isConfirmed: true)
        #expect(!finds(&outbox))
        #expect(!wakes(&outbox, [Self.node(1): Hints()]), "nothing is no reason")
        #expect(wakes(&outbox, [Self.node(1): Self.users([3])]))
        #expect(!wakes(&outbox, [Self.node(1): Self.users([4])]))
    }

    @Test("A round and each of its messages are bounded, and destinations take turns")
    func bounds() {
        var outbox = HintOutbox()
        _ = outbox.add([Self.node(1): Self.users(0..<9_000)])
        _ = outbox.add([Self.node(2): Self.users([1])])
        var sent: [HintDestination: Set<UserID>] = [:]
        var rounds: [[HintDestination]] = []
        while case let round = outbox.startRound(), !round.isEmpty {
            #expect(round.allSatisfy { $0.hints.count <= Hints.maximumPerMessage })
            #expect(round.map(\.hints.count).reduce(0, +) <= HintOutbox.maximumIDsPerRound)
            for (destination, hints) in round { sent[destination, default: []].formUnion(hints.news) }
            rounds.append(round.map(\.destination))
            outbox.endRound(isConfirmed: true)
        }
        #expect(rounds == [[Self.node(1), Self.node(2)], [Self.node(1)], [Self.node(1)]])
        #expect(sent[Self.node(1)]?.count == 9_000)

        for id in 0..<250 { _ = outbox.add([Self.node(Int64(id)): Self.users([1])]) }
        let round = outbox.startRound()
        #expect(round.count == HintOutbox.maximumMessagesPerRound)
    }

    @Test("A round that was not confirmed waits again")
    func failedRound() {
        var outbox = HintOutbox()
        _ = outbox.add([Self.node(1): Self.users([1])])
        _ = outbox.startRound()
        _ = outbox.add([Self.node(1): Self.users([2])])
        outbox.endRound(isConfirmed: false)
        let round = outbox.startRound()
        #expect(round.map(\.hints) == [Self.users([1, 2])])
    }

    @Test("Beyond the capacity hints are dropped and counted")
    func capacity() {
        var outbox = HintOutbox()
        _ = outbox.add([Self.node(1): Self.users(0..<HintOutbox.capacity - 1)])
        _ = outbox.add([Self.node(2): Self.users([1])])
        #expect(outbox.count == HintOutbox.capacity)
        _ = outbox.add([Self.node(2): Self.users([2, 3]), Self.node(3): Self.users([4])])
        #expect(outbox.count == HintOutbox.capacity)
        let dropped = [outbox.takeDroppedCount(), outbox.takeDroppedCount()]
        #expect(dropped == [3, 0])
        _ = outbox.startRound()
        _ = outbox.add([Self.node(3): Self.users([4])])
        let droppedLater = outbox.takeDroppedCount()
        #expect(droppedLater == 0)
    }

    @Test("Drops are logged once a minute, however many there are")
    func dropReport() throws {
        let recorder = LogRecorder()
        let address = try RabbitMQAddress("amqp://127.0.0.1:1")
        let broker = RabbitMQBroker(address: address, hearsSenders: false, logger: recorder.logger) { _ in }
        broker.send([Self.node(1): Self.users(0..<HintOutbox.capacity)])
        #expect(recorder.lines.count == 0)
        for id in 0..<10 { broker.send([Self.node(1): Self.users([-id - 1])]) }
        #expect(recorder.lines.count == 1)
    }

    @Test("Pauses between attempts grow to 5 s, and begin anew after a connection that lasted")
    func pauses() {
        var pause = ReconnectPause()
        let whole = (0..<8).map { _ in pause.next(lasted: .zero, random: 1) }
        #expect(whole.first == ReconnectPause.first)
        #expect(whole == whole.sorted())
        #expect(whole.last == ReconnectPause.longest)
        let jittered = pause.next(lasted: .zero, random: 0)
        #expect(jittered == ReconnectPause.longest / 2)
        let afterBriefConnection = pause.next(lasted: .seconds(1), random: 1)
        #expect(afterBriefConnection == ReconnectPause.longest)
        let afterLongConnection = pause.next(lasted: .seconds(60), random: 1)
        #expect(afterLongConnection == ReconnectPause.first)
    }

    @Test("Confirmations come one by one, together, and twice")
    func confirms() {
        var confirms = PublisherConfirms()
        #expect(confirms.isSettled)
        for _ in 0..<5 { confirms.published() }
        confirms.answered(4, upToTag: false)
        confirms.answered(3, upToTag: true)
        confirms.answered(3, upToTag: true)
        #expect(!confirms.isSettled)
        confirms.answered(5, upToTag: false)
        #expect(confirms.isSettled)
        confirms.published()
        confirms.answered(5, upToTag: true)
        #expect(!confirms.isSettled)
        confirms.answered(6, upToTag: true)
        #expect(confirms.isSettled)
    }
}

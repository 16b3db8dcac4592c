import MessengerAPI
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Turns to push")
struct PushTurnsTests {
    private let time = TestTime()
    private let one = DeviceID(1)
    private let two = DeviceID(2)

    @Test("A device that is paused is not pushed to until it is taken over again")
    func pause() {
        let turns = PushTurns(uptime: time.source.uptime)
        #expect(turns.begin(one))
        turns.pause([one])
        #expect(!turns.begin(one) && turns.begin(two))
        turns.takeOver([one])
        #expect(turns.begin(one))
    }

    @Test("A device is given up only when no push to it can be under way, and no push to it begins after that")
    func giveUp() {
        let turns = PushTurns(uptime: time.source.uptime)
        #expect(turns.begin(one))
        #expect(turns.giveUp([one, two]) == [two])
        #expect(turns.begin(one) && !turns.begin(two))
        time.advance(by: .milliseconds(5_999))
        #expect(turns.giveUp([one]) == [])
        time.advance(by: .milliseconds(1))
        #expect(turns.giveUp([one]) == [one])
        #expect(!turns.begin(one))
    }
}

import MessengerCore
import TestSupport
import Testing

@Suite("Outages in the log", .timeLimit(.minutes(1)))
struct OutageTests {
    private struct Away: Error {}

    @Test("An outage is told when it begins, once a minute, and when it is over, however much fails meanwhile")
    func lines() {
        var log = OutageLog(calm: .seconds(5))
        var now = Duration.zero
        #expect(log.succeeded(now: now) == nil)
        #expect(log.failed(now: now) == .begins)
        var said: [OutageLog.Line] = []
        for _ in 0..<1_500 {
            now += .milliseconds(100)
            if let line = log.failed(now: now) { said.append(line) }
        }
        #expect(said == [.lasts(.seconds(60), failures: 601), .lasts(.seconds(120), failures: 1_201)])
        now += .seconds(5)
        #expect(log.succeeded(now: now) == .ends(after: .seconds(150), failures: 1_501))
        #expect(log.succeeded(now: now) == nil)
        #expect(log.failed(now: now) == .begins)
    }

    @Test("What works now and then is not over")
    func flapping() {
        var log = OutageLog(calm: .seconds(5))
        #expect(log.failed(now: .zero) == .begins)
        for second in 1..<60 {
            #expect(log.succeeded(now: .seconds(second)) == nil)
            #expect(log.failed(now: .seconds(second)) == nil)
        }
        #expect(log.failed(now: .seconds(60)) == .lasts(.seconds(60), failures: 61))
        #expect(log.succeeded(now: .seconds(64)) == nil)
        #expect(log.succeeded(now: .seconds(65)) == .ends(after: .seconds(60), failures: 61))
    }

    @Test("All work of a process tells of one outage together, with what failed and why")
    func process() {
        let (time, recorder) = (TestTime(), LogRecorder())
        let outages = StoreOutages(uptime: time.source.uptime, logger: recorder.logger)
        outages.succeeded()
        for _ in 0..<90 {
            for work in ["housekeeping", "polling", "a request"] { outages.failed(work, Away()) }
            time.advance(by: .seconds(1))
        }
        time.advance(by: .seconds(5))
        for _ in 0..<3 { outages.succeeded() }
        let lines = recorder.lines
        #expect(lines.map(\.level) == [.error, .error, .notice])
        #expect(lines.first?.metadata == ["work": "housekeeping", "error": "Away()"])
        #expect(lines.last?.metadata == ["seconds": "89", "failures": "270"])
    }
}

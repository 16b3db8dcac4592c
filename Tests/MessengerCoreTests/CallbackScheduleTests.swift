import MessengerAPI
import Testing

@testable import MessengerCore

@Suite("The callback schedule")
struct CallbackScheduleTests {
    private func started(_ schedule: inout CallbackSchedule) -> [Int64] {
        var devices: [Int64] = []
        while let device = schedule.start() { devices.append(device.rawValue) }
        return devices
    }

    private func finish(
        _ schedule: inout CallbackSchedule, _ device: Int64, _ result: CallbackSchedule.Result, at uptime: Duration = .zero
    ) -> CallbackSchedule.Next {
        schedule.finished(DeviceID(device), result, uptime: uptime, random: 1)
    }

    @Test("A destination that has not proved itself is given eight devices at once, and delays no other")
    func lanes() {
        var schedule = CallbackSchedule()
        for device in 1...20 { schedule.due(DeviceID(Int64(device)), of: UserID(Int64(device)), destination: "slow") }
        schedule.due(DeviceID(100), of: UserID(100), destination: "quick")
        let first = started(&schedule)
        #expect(first.count == 9)
        #expect(first.contains(100))
        _ = finish(&schedule, first.first { $0 != 100 }!, .failed)
        #expect(started(&schedule).count == 1)
        _ = finish(&schedule, first.last { $0 != 100 }!, .drained)
        #expect(started(&schedule).count == 11, "all that are left: it is trusted now")
    }

    @Test("However many addresses are dead, one that answers starts at once; a thousand are under way at most")
    func total() {
        var schedule = CallbackSchedule()
        for device in 1...10 { schedule.due(DeviceID(Int64(device)), of: UserID(Int64(device)), destination: "good") }
        for device in started(&schedule) { _ = finish(&schedule, device, .drained) }
        for device in started(&schedule) { _ = finish(&schedule, device, .drained) }
        for device in 1_001...11_000 {
            schedule.due(DeviceID(Int64(device)), of: UserID(Int64(device)), destination: "\(device)")
        }
        #expect(started(&schedule) == Array(1_001...1_900))
        schedule.due(DeviceID(1), of: UserID(1), destination: "good")
        #expect(started(&schedule) == [1])
        _ = finish(&schedule, 1_001, .failed)
        #expect(started(&schedule) == [1_901])
        _ = finish(&schedule, 1, .failed)
        schedule.due(DeviceID(2), of: UserID(2), destination: "good")
        #expect(started(&schedule) == [], "it is trusted no more")
    }

    @Test("A device is pushed to once at a time, and again for news that came meanwhile")
    func again() {
        var schedule = CallbackSchedule()
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        #expect(started(&schedule) == [1])
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        #expect(started(&schedule) == [])
        #expect(finish(&schedule, 1, .drained) == .look(UserID(1)))
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        #expect(started(&schedule) == [1])
        #expect(schedule.news(of: [UserID(1), UserID(2)]) == [DeviceID(1)])
        #expect(finish(&schedule, 1, .drained) == .look(UserID(1)))
        #expect(schedule.news(of: [UserID(1)]) == [])
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        #expect(started(&schedule) == [1])
        #expect(finish(&schedule, 1, .drained) == .nothing)
        #expect(started(&schedule) == [])
    }

    @Test("A failing device rests whatever comes, until its pause is over or it gives a sign")
    func resting() {
        var schedule = CallbackSchedule()
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        _ = started(&schedule)
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        #expect(finish(&schedule, 1, .failed) == .rest(RetryPause.first, ticket: 1))
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        #expect(started(&schedule) == [])
        schedule.rested(DeviceID(1), ticket: 1)
        #expect(started(&schedule) == [1])
        guard case .rest(let second, ticket: 2) = finish(&schedule, 1, .failed) else {
            Issue.record("it does not rest")
            return
        }
        #expect(second > RetryPause.first)
        schedule.rested(DeviceID(1), ticket: 1)
        #expect(started(&schedule) == [])
        schedule.tryNow(DeviceID(1))
        #expect(started(&schedule) == [1])
        schedule.tryNow(DeviceID(1))
        #expect(finish(&schedule, 1, .failed) == .nothing)
        #expect(started(&schedule) == [1])
    }

    @Test("Pauses grow to 30 s in the first hour, then to 15 minutes, and start over after a success")
    func pauses() {
        var pause = RetryPause()
        var uptime = Duration.zero
        var longest = Duration.zero
        while uptime < .minutes(59) {
            let next = pause.next(uptime: uptime, random: 1)
            longest = max(longest, next)
            uptime += next
        }
        #expect(longest == .seconds(30))
        uptime = .hours(2)
        #expect(pause.next(uptime: uptime, random: 1) == .minutes(15))
        #expect(pause.next(uptime: uptime, random: 0) == .minutes(15) / 2)
        var schedule = CallbackSchedule()
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        _ = started(&schedule)
        _ = finish(&schedule, 1, .failed)
        schedule.tryNow(DeviceID(1))
        _ = started(&schedule)
        #expect(finish(&schedule, 1, .more) == .look(UserID(1)))
        schedule.due(DeviceID(1), of: UserID(1), destination: "a")
        _ = started(&schedule)
        #expect(finish(&schedule, 1, .failed) == .rest(RetryPause.first, ticket: 2))
    }

    @Test(
        "What an answer means",
        arguments: [
            (200, CallbackOutcome.Verdict.delivered), (204, .delivered), (302, .retry), (400, .refused), (404, .refused),
            (408, .retry),
            (410, .removed), (425, .retry), (429, .retry), (500, .retry), (100, .retry),
        ])
    func verdicts(_ status: Int, _ verdict: CallbackOutcome.Verdict) {
        #expect(CallbackOutcome.status(status).verdict == verdict)
        #expect(CallbackOutcome.failed("x").verdict == .retry)
    }
}

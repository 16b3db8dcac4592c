import Logging
import MessengerAPI
import MessengerCore
import SQLiteBackend
import TestSupport
import Testing

private typealias T = BackendUnderTest

@Suite("Housekeeping", .timeLimit(.minutes(1)))
struct HousekeeperTests {
    @Test("Messages expire by the clock, and a clock that jumps expires nothing", arguments: BackendKind.allCases)
    func clockJump(_ kind: BackendKind) async throws {
        try await kind.run { (backend: BackendUnderTest) async throws in
            let time = TestTime()
            let ann = try await backend.user("ann")
            let device = try await backend.store.logIn(T.login(ann, now: time.now)).device
            _ = try await backend.send(T.submission(from: ann, to: [ann], now: time.now))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let keeper = Housekeeper(
                store: backend.store, messageTTL: .hours(1), time: time.source,
                outages: StoreOutages(uptime: time.source.uptime, logger: logger), logger: logger, onAbandoned: { _ in })
            let task = Task { try await keeper.run() }
            // Each round the keeper is asleep again only after it has swept.
            func round() async throws {
                try await eventually("the keeper sleeps") { time.sleeperCount == 1 }
                time.advance(by: .seconds(1))
                try await eventually("the keeper has swept") { time.sleeperCount == 1 }
            }
            try await round()
            time.jump(by: .days(365))
            for _ in 0..<3 { try await round() }
            #expect(try await backend.numbers(device) == [1])
            time.jump(by: .days(-365))
            for _ in 0..<3 { try await round() }
            #expect(try await backend.numbers(device) == [1])
            time.advance(by: .hours(2))
            for _ in 0..<3 { try await round() }
            #expect(try await backend.numbers(device) == [])
            task.cancel()
            try await task.value
        }
    }
}

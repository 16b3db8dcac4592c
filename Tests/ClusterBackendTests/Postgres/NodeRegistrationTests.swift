import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("A process's own registration", .timeLimit(.minutes(1)))
struct NodeRegistrationTests {
    private let time = TestTime()
    private var uptime: Duration { time.source.uptime() }

    @Test("Pushes begin only while nobody else can take over before they end; the id goes with the lease")
    func lease() {
        let registration = NodeRegistration(uptime: time.source.uptime)
        #expect(registration.id == nil && !registration.mayPush)
        registration.renewed(NodeID(7), at: uptime, databaseTime: time.now)
        #expect(registration.id == NodeID(7) && registration.mayPush)
        time.advance(by: .seconds(2))
        #expect(registration.mayPush)
        time.advance(by: .milliseconds(1))
        #expect(!registration.mayPush && registration.id == NodeID(7))
        time.advance(by: .seconds(6))
        #expect(registration.id == nil && registration.lastID == NodeID(7))
    }

    @Test("A renewal counts from when it was sent, however late its answer comes")
    func slowRenewal() {
        let registration = NodeRegistration(uptime: time.source.uptime)
        let start = uptime
        time.advance(by: .seconds(5))
        registration.renewed(NodeID(7), at: start, databaseTime: time.now)
        #expect(!registration.mayPush)
        time.advance(by: .seconds(3))
        #expect(registration.id == nil)
    }

    @Test("The cache of sessions is trusted for a second after the list of ended ones was asked for")
    func trust() {
        let registration = NodeRegistration(uptime: time.source.uptime)
        #expect(!registration.knowsEndedSessions)
        _ = registration.readEndedSessions(at: uptime)
        time.advance(by: .milliseconds(999))
        #expect(registration.knowsEndedSessions)
        time.advance(by: .milliseconds(1))
        #expect(!registration.knowsEndedSessions)
    }

    @Test("Who has just come, or come back after an outage, does not judge others for the length of a lease")
    func judging() {
        let registration = NodeRegistration(uptime: time.source.uptime)
        func renew(for seconds: Int) {
            for _ in 0..<seconds {
                time.advance(by: .seconds(1))
                registration.renewed(NodeID(7), at: uptime, databaseTime: time.now)
            }
        }
        renew(for: 8)
        #expect(!registration.mayJudge)
        renew(for: 1)
        #expect(registration.mayJudge)
        time.advance(by: .seconds(4))
        #expect(!registration.mayJudge, "it does not know whether the others can renew")
        renew(for: 7)
        #expect(!registration.mayJudge, "they may have been as unable as it was")
        renew(for: 2)
        #expect(registration.mayJudge)
    }

    @Test("The database's clock goes on with the monotonic one, whatever the wall clock says")
    func clock() {
        let registration = NodeRegistration(uptime: time.source.uptime)
        registration.renewed(NodeID(7), at: uptime, databaseTime: Timestamp(milliseconds: 5_000))
        time.jump(by: .hours(1))
        time.advance(by: .seconds(2))
        #expect(registration.now == Timestamp(milliseconds: 7_000))
    }

    /// A keeper whose clock the test moves, on a real database.
    @Test("A process that was stopped for 20 s and taken for dead says so when it wakes, and registers anew")
    func wakes() async throws {
        try await TestDatabase.run { database in
            let registration = NodeRegistration(uptime: time.source.uptime)
            let news = Mutex<[InboxNews]>([])
            let broker = SilentBroker()
            try await database.withBackend { other in
                let backend = try await PostgresBackend.open(
                    database.address, node: { registration.id }, logger: TestDatabase.silent)
                defer { backend.close() }
                let keeper = NodeKeeper(
                    role: .listener, registration: registration, backend: backend, broker: broker,
                    endedSessionsStart: try await backend.endedSessions().next,
                    tell: { told in news.withLock { $0.append(told) } },
                    time: time.source,
                    outages: StoreOutages(logger: TestDatabase.silent), logger: TestDatabase.silent)
                try await keeper.register()
                let before = try #require(registration.id)
                let account = try await TestAccount.make(other)
                _ = try await backend.attach(account.session)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await keeper.run() }
                    try await eventually("it sleeps") { time.sleeperCount == 3 }
                    try await other.sql("UPDATE nodes SET alive_until = clock_timestamp() - interval '1 s'")
                    #expect(try await other.retireDead() == [before])
                    time.advance(by: .seconds(20))
                    #expect(registration.id == nil && !registration.knowsEndedSessions)
                    await #expect(throws: StoreError.self) { try await backend.attach(account.session) }
                    try await eventually("it has registered") { registration.id.map { $0 != before } ?? false }
                    #expect(news.withLock { $0.contains { if case .lostTouch = $0 { true } else { false } } })
                    #expect(broker.listensAs == registration.id)
                    tasks.cancelAll()
                }
                #expect(registration.id == nil)
                #expect(try await other.sql("SELECT count(*) FROM nodes") == 0, "it takes leave when it stops")
            }
        }
    }
}

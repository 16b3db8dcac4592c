import TestSupport
import Testing

@testable import ClusterBackend

@Suite("The pool of connections, as a machine")
struct PoolStateTests {
    final class Connection {}

    /// A pool with what it said so far.
    struct Pool {
        var state: PoolState<Connection, Int>
        var opens = 0
        var pauses: [Duration] = []
        var handed: [(connection: Connection, waiter: Int)] = []
        var refused: [Int] = []
        var now = Duration.zero

        init(limit: Int) { state = PoolState(limit: limit) }

        mutating func request(_ waiters: Int...) { for waiter in waiters { note(state.requested(waiter, now: now)) } }
        mutating func opened() { note(state.opened(Connection())) }
        mutating func openFailed(needsMending: Bool = false) {
            note(state.openFailed("away", needsMending: needsMending, now: now))
        }
        mutating func retryDue() { note(state.retryDue()) }
        mutating func close() { note(state.close()) }

        mutating func giveBack(_ waiter: Int, broken: Bool = false) {
            guard let turn = handed.last(where: { $0.waiter == waiter }) else {
                Issue.record("\(waiter) has no connection")
                return
            }
            note(state.returned(turn.connection, isBroken: broken))
        }

        var waiters: [Int] { handed.map(\.waiter) }

        private mutating func note(_ actions: [PoolState<Connection, Int>.Action]) {
            for action in actions {
                switch action {
                case .hand(let connection, let waiter): handed.append((connection, waiter))
                case .open: opens += 1
                case .retry(let pause): pauses.append(pause)
                case .refuse(let waiters, _): refused += waiters
                }
            }
        }
    }

    @Test("Opens a connection for each that waits, up to the limit, and hands them over in the order of the requests")
    func limit() throws {
        var pool = Pool(limit: 2)
        pool.request(1, 2, 3, 4)
        #expect(pool.opens == 2)
        pool.opened()
        pool.opened()
        #expect(pool.waiters == [1, 2])
        pool.giveBack(2)
        pool.giveBack(1)
        #expect(pool.waiters == [1, 2, 3, 4])
        try #require(pool.handed.count > 2)
        #expect(pool.handed[2].connection === pool.handed[1].connection)
        #expect(pool.opens == 2)
    }

    @Test("A connection that is free is taken before another is opened, the one used last first")
    func reuse() throws {
        var pool = Pool(limit: 3)
        pool.request(1, 2)
        pool.opened()
        pool.opened()
        pool.giveBack(1)
        pool.giveBack(2)
        pool.request(3)
        #expect(pool.opens == 2)
        try #require(pool.handed.count > 2)
        #expect(pool.handed[2].connection === pool.handed[1].connection)
    }

    @Test("While the server is away requests wait for it, attempts grow rarer, and after 5 s everyone is refused")
    func outage() {
        var pool = Pool(limit: 8)
        pool.request(1, 2)
        pool.openFailed()
        pool.openFailed()
        #expect(pool.state.outageReason == "away")
        while pool.refused.isEmpty {
            #expect(pool.now <= .seconds(7))
            pool.now += pool.pauses.last!
            pool.retryDue()
            pool.openFailed()
        }
        #expect(pool.now > .seconds(5))
        #expect(pool.refused == [1, 2])
        #expect(pool.pauses == pool.pauses.sorted() && pool.pauses.last == .seconds(1) && pool.pauses.first == .milliseconds(50))
        #expect(pool.opens == pool.pauses.count + 2, "one attempt at a time")
    }

    @Test("What somebody has to mend first is not waited for, and the next request tries again")
    func needsMending() {
        var pool = Pool(limit: 8)
        pool.request(1, 2)
        pool.openFailed(needsMending: true)
        #expect(pool.refused == [1, 2] && pool.pauses == [])
        pool.openFailed(needsMending: true)
        let opens = pool.opens
        pool.request(3)
        #expect(pool.opens == opens + 1)
        pool.opened()
        #expect(pool.waiters == [3] && pool.state.outageReason == nil)
    }

    @Test("Later requests are refused at once and each lets one attempt be made, until one succeeds")
    func afterPatience() {
        var pool = Pool(limit: 8)
        pool.request(1)
        pool.openFailed()
        pool.now = .seconds(6)
        pool.retryDue()
        pool.openFailed()
        #expect(pool.refused == [1])
        let opens = pool.opens
        pool.request(2, 3)
        #expect(pool.refused == [1, 2, 3] && pool.opens == opens + 1)
        pool.opened()
        #expect(pool.state.outageReason == nil)
        pool.request(4)
        #expect(pool.waiters == [4])
    }

    @Test("A broken connection takes the free ones with it, and those who wait get new ones")
    func broken() throws {
        var pool = Pool(limit: 2)
        pool.request(1, 2)
        pool.opened()
        pool.opened()
        pool.giveBack(1)
        pool.giveBack(2, broken: true)
        pool.request(3)
        #expect(pool.opens == 3 && pool.waiters == [1, 2])
        pool.opened()
        #expect(pool.waiters == [1, 2, 3])
        try #require(pool.handed.count > 2)
        #expect(pool.handed[2].connection !== pool.handed[0].connection)
    }

    @Test("A server that takes no more connections is not away: who waits gets those that there are")
    func noMoreConnections() {
        var pool = Pool(limit: 8)
        pool.request(1)
        pool.opened()
        pool.request(2)
        pool.openFailed()
        pool.now = .seconds(60)
        pool.retryDue()
        pool.openFailed()
        pool.request(3)
        #expect(pool.refused == [])
        pool.giveBack(1)
        pool.giveBack(2)
        #expect(pool.waiters == [1, 2, 3])
    }

    @Test("Closed, it refuses who waits and who comes, and keeps nothing that is given back or opened late")
    func close() {
        var pool = Pool(limit: 2)
        pool.request(1)
        pool.opened()
        pool.request(2, 3)
        pool.close()
        #expect(pool.refused == [2, 3])
        pool.giveBack(1)
        pool.opened()
        pool.request(4)
        #expect(pool.refused == [2, 3, 4] && pool.waiters == [1])
    }

    @Test(
        "Whatever happens, nobody is handed two connections, no connection to two, and nobody waits for nothing",
        arguments: 0..<50)
    func random(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var pool = Pool(limit: Int.random(in: 1...4, using: &random))
        var (opening, retries, leased, asked) = (0, 0, [] as [Int], 0)
        for _ in 0..<400 {
            let before = (opens: pool.opens, pauses: pool.pauses.count, handed: pool.handed.count)
            pool.now += .milliseconds(Int.random(in: 0...300, using: &random))
            switch Int.random(in: 0...5, using: &random) {
            case 0, 1:
                asked += 1
                pool.request(asked)
            case 2 where opening > 0:
                opening -= 1
                pool.opened()
            case 3 where opening > 0:
                opening -= 1
                pool.openFailed()
            case 4 where retries > 0:
                retries -= 1
                pool.retryDue()
            case 5 where !leased.isEmpty:
                pool.giveBack(
                    leased.remove(at: Int.random(in: 0...leased.count - 1, using: &random)),
                    broken: Int.random(in: 0...3, using: &random) == 0)
            default: break
            }
            opening += pool.opens - before.opens
            retries += pool.pauses.count - before.pauses
            leased += pool.handed.dropFirst(before.handed).map(\.waiter)
            let inUse = leased.map { waiter in ObjectIdentifier(pool.handed.last { $0.waiter == waiter }!.connection) }
            #expect(Set(inUse).count == inUse.count)
            #expect(Set(pool.waiters + pool.refused).count == pool.waiters.count + pool.refused.count)
            let waiting = asked - pool.waiters.count - pool.refused.count
            #expect(waiting == 0 || opening + retries + leased.count > 0, "somebody waits for nothing")
        }
    }
}

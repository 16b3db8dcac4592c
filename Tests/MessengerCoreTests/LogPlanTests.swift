import KeyLog
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@Suite("What keys and their log are decided by", .timeLimit(.minutes(1)))
struct LogPlanTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func record(_ number: Int) -> LogRecord {
        LogRecord(type: .accountState, name: .zero, account: .zero, seq: UInt32(number + 1), hash: .zero, time: 0)
    }

    @Test("A log that is appended to in batches has the tiles and the root of the whole tree", arguments: 0..<4)
    func batches(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let secrets = try LogSecrets { Array(repeating: 7, count: $0.byteCount) }
        let keys = LogKeys(log: secrets.identity.key, freshness: secrets.identity.cosigner)
        var stored: [LogPlan.TilePlace: [UInt8]] = [:]
        var tree = MerkleTree()
        while tree.size < 66_000 {
            let edge = LogPlan.edge(size: tree.size)
            var plan = LogPlan(size: tree.size, tiles: stored.filter { edge.contains($0.key) })
            // Small steps near the edges of tiles, long ones between.
            let count = [1, 2, 255, 256, 257, 3_000, 9_000].randomElement(using: &random)!
            for number in 0..<count { plan.append(record(number)) }
            for entry in plan.entries { tree.append(.leaf(entry.entry)) }
            stored.merge(plan.tiles) { $1 }
            let opened = try keys.open(plan.checkpoint(secrets, now: Self.now))
            #expect(opened.checkpoint.size == tree.size && opened.freshAt == UInt64(Self.now.seconds))
            let root = try tree.root(size: tree.size)
            try #require(opened.checkpoint.root == root, "at \(tree.size)")
        }
        for tile in Tile.added(to: tree.size) {
            #expect(try stored[LogPlan.TilePlace(level: tile.level, index: tile.index)] == tree.bytes(of: tile))
        }
    }

    @Test("An allowance is used up at once and comes back one by one")
    func allowance() {
        let allowance = Allowance(burst: 3, interval: .minutes(10))
        var freeAt: Timestamp?
        func take(at now: Timestamp) -> Bool {
            guard case .taken(let next) = allowance.take(freeAt: freeAt, now: now) else { return false }
            freeAt = next
            return true
        }
        #expect((0..<4).map { _ in take(at: Self.now) } == [true, true, true, false])
        #expect(allowance.take(freeAt: freeAt, now: Self.now + .minutes(4)) == .refused(retryAfter: .minutes(6)))
        #expect((0..<2).map { _ in take(at: Self.now + .minutes(10)) } == [true, false])
        #expect((0..<4).map { _ in take(at: Self.now + .hours(9)) } == [true, true, true, false])
    }

    @Test("Bytes in a query have one text, and nothing else is read")
    func base64URL() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 255 - $0 * 3) }
            let text = Base64URL.text(bytes)
            #expect(Base64URL.bytes(text) == bytes && !text.contains { "+/=".contains($0) })
        }
        for text in ["A", "AA==", "A+", "A/", "AB", "AA=", "AA A", "é", "AA\n"] {
            #expect(Base64URL.bytes(text) == nil, "\(text)")
        }
    }
}

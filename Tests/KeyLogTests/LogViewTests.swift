import TestSupport
import Testing

@testable import KeyLog

@Suite("A client's view of the log", .timeLimit(.minutes(1)))
struct LogViewTests {
    private func history() -> LogHistory {
        var history = LogHistory()
        history.append(account: 1, name: 1, seq: 1)
        history.append(account: 2, name: 2, seq: 1)
        history.append(account: 1, name: 1, seq: 2)
        return history
    }

    private func view(of history: LogHistory) throws -> LogView {
        var view = LogView()
        try view.advance(to: history.checkpoint, with: history.served)
        return view
    }

    @Test("After the replay each name leads to the newest state of its account")
    func replay() throws {
        var history = history()
        var view = try view(of: history)
        #expect(view.size == 3 && view.root == history.checkpoint.root && view.accountCount == 2)
        let ann = try #require(view.entry(for: LogHistory.name(1)))
        #expect(ann.account == LogHistory.account(1) && ann.seq == 2 && ann.indices == [0, 2])
        #expect(view.entry(for: LogHistory.name(9)) == nil)
        history.append(account: 2, name: 2, seq: 2)
        try view.advance(to: history.checkpoint, with: [history.served[3]])
        #expect(view.entry(for: LogHistory.name(2))?.seq == 2)
        try view.advance(to: history.checkpoint, with: [])
        #expect(view.root(at: 3) == history.checkpoint(size: 3).root, "earlier roots stay known")
    }

    @Test("An account that begins anew under a name takes it; a renamed one leaves it")
    func names() throws {
        var history = history()
        history.append(account: 3, name: 1, seq: 1)
        history.append(account: 2, name: 5, seq: 2)
        let view = try view(of: history)
        #expect(view.entry(for: LogHistory.name(1))?.account == LogHistory.account(3))
        #expect(view.entry(for: LogHistory.account(1))?.seq == 2, "the old account is still there")
        #expect(view.entry(for: LogHistory.name(2)) == nil)
        #expect(view.entry(for: LogHistory.name(5))?.account == LogHistory.account(2))
    }

    @Test("A log that lost entries, or shows others, is refused and leaves the view as it was")
    func lies() throws {
        let history = history()
        let good = try view(of: history)
        var view = good
        #expect(throws: LogError.rolledBack(from: 3, to: 2)) {
            try view.advance(to: history.checkpoint(size: 2), with: [])
        }
        let other = Checkpoint(origin: LogHistory.origin, size: 3, root: .leaf([9]))
        #expect(throws: LogError.splitView(size: 3)) { try view.advance(to: other, with: []) }
        var longer = history
        longer.append(account: 4, name: 4, seq: 1)
        #expect(throws: LogError.wrongCount) { try view.advance(to: longer.checkpoint, with: []) }
        var split = LogHistory()
        for number: UInt8 in 5...8 { split.append(account: number, name: number, seq: 1) }
        #expect(throws: LogError.otherRoot(size: 4)) { try view.advance(to: split.checkpoint, with: [split.served[3]]) }
        #expect(view.size == good.size && view.root == good.root && view.entry(for: LogHistory.name(8)) == nil)
    }

    @Test("States out of sequence are refused", arguments: [0, 1, 2, 4] as [UInt32])
    func sequence(seq: UInt32) throws {
        var history = history()
        history.append(account: 1, name: 1, seq: seq)
        #expect(throws: LogError.outOfSequence(index: 3)) { try self.view(of: history) }
    }

    @Test("A deleted account is gone, erased or not, and does not come back")
    func tombstones() throws {
        var history = history()
        var early = try view(of: history)
        history.append(.tombstone(of: LogHistory.account(1), covering: [0, 2], time: 5))
        try early.advance(to: history.checkpoint, with: [history.served[3]])
        var late = LogView()
        try late.advance(to: history.checkpoint, with: history.erasing([0, 2], tombstone: 3))
        for view in [early, late] {
            #expect(view.isDeleted(LogHistory.account(1)) && view.entry(for: LogHistory.name(1)) == nil)
            #expect(view.entry(for: LogHistory.name(2)) != nil && view.root == history.checkpoint.root)
        }
        history.append(account: 1, name: 1, seq: 3)
        #expect(throws: LogError.outOfSequence(index: 4)) {
            try early.advance(to: history.checkpoint, with: [history.served[4]])
        }
    }

    @Test("A missing record without its tombstone, or under that of another account, is an alarm")
    func hiddenRecords() throws {
        var history = history()
        let hidden = history.erasing([1], tombstone: 3)
        #expect(throws: LogError.erasedWithoutTombstone(index: 1)) {
            var view = LogView()
            try view.advance(to: history.checkpoint, with: hidden)
        }
        #expect(throws: LogError.erasedWithoutTombstone(index: 1)) {
            var view = LogView()
            try view.advance(to: history.checkpoint, with: history.erasing([1], tombstone: 1))
        }
        history.append(.tombstone(of: LogHistory.account(1), covering: [0, 2], time: 5))
        #expect(throws: LogError.wrongTombstone(index: 3), "one entry more hides behind the deletion") {
            var view = LogView()
            try view.advance(to: history.checkpoint, with: history.erasing([0, 1, 2], tombstone: 3))
        }
        #expect(throws: LogError.wrongTombstone(index: 3), "a deletion of nothing") {
            var history = self.history()
            history.append(.tombstone(of: LogHistory.account(9), covering: [], time: 5))
            _ = try self.view(of: history)
        }
    }

    @Test("A record changed behind its entry does not pass")
    func changedRecord() throws {
        let history = history()
        guard case .record(let record, let salt) = history.served[1] else { return }
        let swapped = LogRecord(
            type: record.type, name: record.name, account: LogHistory.account(7), seq: 1, hash: record.hash, time: record.time)
        var served = history.served
        served[1] = .record(swapped, salt: salt)
        #expect(throws: LogError.otherRoot(size: 3)) {
            var view = LogView()
            try view.advance(to: history.checkpoint, with: served)
        }
    }

    @Test("What a sender says of the log agrees, or contradicts, or asks for more")
    func claims() throws {
        var history = history()
        let view = try view(of: history)
        func claim(seq: UInt32, size: UInt64, root: TreeHash? = nil) -> LogClaim {
            LogClaim(account: LogHistory.account(1), seq: seq, size: size, root: root ?? history.checkpoint(size: size).root)
        }
        #expect(view.verdict(on: claim(seq: 2, size: 3)) == .agrees)
        #expect(view.verdict(on: claim(seq: 1, size: 2)) == .agrees)
        #expect(view.verdict(on: claim(seq: 2, size: 2)) == .unknownState, "her second state came later")
        #expect(view.verdict(on: claim(seq: 7, size: 3)) == .unknownState)
        #expect(view.verdict(on: claim(seq: 0, size: 3)) == .unknownState)
        #expect(view.verdict(on: claim(seq: 2, size: 3, root: .leaf([1]))) == .otherRoot)
        history.append(account: 5, name: 5, seq: 1)
        #expect(view.verdict(on: claim(seq: 2, size: 4)) == .needsNewerLog)
    }

    @Test("Web releases count up, and records of unknown types are passed over")
    func otherRecords() throws {
        var history = history()
        let release = LogRecord(type: .webRelease, name: .zero, account: .zero, seq: 1, hash: LogHistory.state(9), time: 0)
        history.append(release)
        history.append(
            LogRecord(type: LogRecordType(rawValue: 200), name: .zero, account: .zero, seq: 9, hash: .zero, time: 0))
        #expect(try view(of: history).webRelease == LogHistory.state(9))
        history.append(release)
        #expect(throws: LogError.outOfSequence(index: 5)) { try self.view(of: history) }
    }

    @Test("Bundles are read as they are written; cut or bent ones never trap")
    func bundles() throws {
        let history = history()
        let served = history.erasing([1], tombstone: 77)
        let bytes = RecordBundle.bytes(served)
        #expect(RecordBundle.records(bytes) == served)
        #expect(bytes.count == 2 * 142 + 41)
        #expect(RecordBundle.path(index: 1000, width: 3) == "tile/records/x001/000.p/3")
        for length in 0..<bytes.count where ![0, 142, 183].contains(length) {
            #expect(RecordBundle.records(Array(bytes[..<length])) == nil)
        }
        #expect(RecordBundle.records([2] + bytes) == nil)
        #expect(RecordBundle.records(RecordBundle.bytes(Array(repeating: served[1], count: 257))) == nil)
        let entries = history.served.map(\.entry)
        #expect(EntryBundle.entries(EntryBundle.bytes(entries)) == entries)
        #expect(EntryBundle.entries(Array(EntryBundle.bytes(entries).dropLast())) == nil)
        #expect(LogRecord(Array(repeating: 0, count: 108)) == nil && LogRecord(Array(repeating: 0, count: 110)) == nil)
    }
}

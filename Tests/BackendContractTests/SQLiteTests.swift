import Foundation
import GRDB
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import SQLiteBackend

private typealias T = BackendUnderTest

@Suite("SQLite", .timeLimit(.minutes(1)))
struct SQLiteTests {
    @Test("A commit is on disk: synchronous=FULL in WAL mode, also after a restart")
    func durability() throws {
        let folder = try TemporaryFolder()
        for _ in 0..<2 {
            let backend = try SQLiteBackend(folder: folder.url)
            let settings = try backend.durabilitySettings()
            #expect(settings.synchronous == 2)
            #expect(settings.journal == "wal")
            try backend.close()
        }
    }

    @Test("A database from the future is refused, and named")
    func fromTheFuture() throws {
        let folder = try TemporaryFolder()
        try SQLiteBackend(folder: folder.url).close()
        let queue = try DatabaseQueue(path: folder.url.appending(path: "messenger.sqlite").path)
        try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 something new')") }
        try queue.close()
        #expect(throws: SQLiteBackend.OpenError.self) { try SQLiteBackend(folder: folder.url) }
        #expect(throws: SQLiteBackend.OpenError.self) { try SQLiteBackend.check(folder: folder.url) }
    }

    @Test("A file that is no database is refused")
    func corrupt() throws {
        let folder = try TemporaryFolder()
        try Data(repeating: 0x41, count: 8_192).write(to: folder.url.appending(path: "messenger.sqlite"))
        #expect(throws: SQLiteBackend.OpenError.self) { try SQLiteBackend(folder: folder.url) }
    }

    @Test("Pages that a file lost are missed, unless its log has them")
    func lostPages() async throws {
        let folder = try TemporaryFolder()
        let path = SQLiteBackend.path(in: folder.url)
        func read(_ suffix: String = "") throws -> Data { try Data(contentsOf: URL(filePath: path + suffix)) }
        let backend = try SQLiteBackend(folder: folder.url)
        try await backend.write { db in
            try db.execute(sql: "CREATE TABLE filler (text BLOB); INSERT INTO filler VALUES (zeroblob(100000))")
        }
        #expect(try DatabaseFile(path: path).damage() == nil)
        let (start, log) = (try read(), try read("-wal"))
        try backend.close()
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try queue.close()
        let whole = try read()
        #expect(whole.count > start.count)
        #expect(try DatabaseFile(path: path).damage() == nil)

        // A checkpoint writes the first page first, which says how many there will be.
        let page = 4_096
        try (whole.prefix(page) + start.dropFirst(page)).write(to: URL(filePath: path))
        try log.write(to: URL(filePath: path + "-wal"))
        #expect(try DatabaseFile(path: path).damage() == nil)
        try log.prefix(log.count / 2).write(to: URL(filePath: path + "-wal"))
        #expect(try DatabaseFile(path: path).damage()?.contains("cut short") == true)
        // What is left of an earlier log is no longer in it.
        var old = log
        for index in 16..<24 { old[index] ^= 0xFF }
        try old.write(to: URL(filePath: path + "-wal"))
        #expect(try DatabaseFile(path: path).damage()?.contains("cut short") == true)
        #expect(throws: SQLiteBackend.OpenError.self) { try SQLiteBackend.assertWhole(folder: folder.url) }
    }

    @Test("A data folder has one server")
    func lock() throws {
        let folder = try TemporaryFolder()
        do {
            let lock = try DataFolderLock(folder: folder.url)
            #expect(throws: DataFolderLock.Taken.self) { _ = try DataFolderLock(folder: folder.url) }
            withExtendedLifetime(lock) {}
        }
        _ = try DataFolderLock(folder: folder.url)
    }

    @Test("One bad member in a batch of 256 harms no other")
    func badMember() async throws {
        let folder = try TemporaryFolder()
        let backend = try SQLiteBackend(folder: folder.url)
        try await backend.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.body = x'626164'
                    BEGIN SELECT RAISE(ABORT, 'bad'); END
                    """)
        }
        let ann = try await backend.register(T.account("ann"))
        let device = try await backend.logIn(T.login(ann)).device
        let inbox = GroupCommit<Submission, SubmissionOutcome>(maximumItems: 256) { try await backend.append($0).outcomes }
        let failures = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<256 {
                group.addTask {
                    (try? await inbox.submit(T.submission(from: ann, to: [ann], index == 100 ? "bad" : "\(index)"))) == nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 1)
        let page = try #require(try await backend.pending(for: device, after: .zero, limit: 1_000, bytes: 1 << 20))
        #expect(Set(page.messages.map(\.body)) == Set((0..<256).filter { $0 != 100 }.map(String.init)))
        #expect(page.messages.map(\.number.rawValue) == Array(1...255))
    }

    @Test("The counts in the inbox row are those of the log, whatever happened")
    func counts() async throws {
        var limits = InboxLimits()
        limits.messages = 10
        let folder = try TemporaryFolder()
        let backend = try SQLiteBackend(folder: folder.url, limits: limits)
        let ann = try await backend.register(T.account("ann"))
        let device = try await backend.logIn(T.login(ann)).device
        for index in 0..<60 {
            _ = try await backend.append([
                T.submission(from: ann, to: [ann], String(repeating: "x", count: index), key: "\(index % 7)")
            ])
            if index.isMultiple(of: 3) {
                let head = try await backend.heads(of: [ann])[ann]!
                _ = try await backend.acknowledge([
                    Acknowledgement(device: device, generation: 1, through: head, byCallback: false, now: T.start)
                ])
            }
            if index.isMultiple(of: 8) { _ = try await backend.sweep(Sweep(now: T.start, expireBefore: T.start, limit: 4)) }
        }
        let areEqual = try await backend.read { db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT messages = (SELECT count(*) FROM messages)
                        AND bytes = (SELECT coalesce(sum(length(body)), 0) FROM messages)
                        AND live_keys = (SELECT count(*) FROM idempotency_keys) FROM inboxes
                    """)
        }
        #expect(areEqual == true)
    }

    @Test("A deleted account's messages leave the file's tables with the next sweeps")
    func deletedRows() async throws {
        let backend = try SQLiteBackend(folder: try TemporaryFolder().url)
        let ann = try await backend.register(T.account("ann"))
        for index in 0..<30 { _ = try await backend.append([T.submission(from: ann, to: [ann], key: "\(index)")]) }
        _ = try await backend.delete(ann, now: BackendUnderTest.start)
        while try await backend.sweep(Sweep(now: T.start, expireBefore: nil, limit: 7)).hasMore {}
        let left = try await backend.read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM idempotency_keys)
                        + (SELECT count(*) FROM inboxes) + (SELECT count(*) FROM devices) + (SELECT count(*) FROM doomed_inboxes)
                    """)
        }
        #expect(left == 0)
    }
}

import Foundation
import GRDB
import MessengerCore
import Synchronization

/// Accounts, inboxes and callbacks in one SQLite database, for one process.
///
/// One connection writes, a few read; readers see the last commit. A commit is on disk when it returns: WAL with
/// `synchronous=FULL`. Blocking work runs on the writer's and GRDB's own queues, never on Swift's cooperative threads.
public final class SQLiteBackend: Sendable {
    public enum OpenError: Error, CustomStringConvertible {
        case fromTheFuture(path: String)
        case notDurable(synchronous: Int, journal: String)
        case unreadable(path: String, reason: String)
        case damaged(path: String, finding: String)
        case migrated(DataFolderMarker, marker: String)

        public var description: String {
            switch self {
            case .fromTheFuture(let path):
                "\(path) was written by a newer messenger-server; install that version, or restore an older backup"
            case .notDurable(let synchronous, let journal):
                "SQLite did not take the settings that keep messages safe (synchronous=\(synchronous), journal_mode=\(journal))"
            case .unreadable(let path, let reason):
                "\(path) cannot be opened: \(reason); check its permissions, or restore a backup"
            case .damaged(let path, let finding):
                "\(path) is damaged: \(finding); restore a backup, or move the folder away to begin anew"
            case .migrated(let marker, let file):
                switch marker.state {
                case .copying:
                    "this data folder is being copied to \(marker.target): run the same messenger-server migrate again to finish, "
                        + "or remove \(file) to give the copy up"
                case .copied:
                    "this data folder has been copied to \(marker.target): run listeners and senders on that database. What came "
                        + "since is not in here; to use the folder nevertheless, remove \(file)"
                }
            }
        }
    }

    static let synchronousFull = 2
    private static let busyTimeout = 5.0

    private let pool: DatabasePool
    private let writer = WriterExecutor()
    private let commits: SharedCommit
    let limits: InboxLimits
    /// Users whose devices acknowledged something since the last sweep.
    let acknowledgedUsers = Mutex<Set<Int64>>([])
    /// Where the next sweep goes on through the inboxes.
    let sweepPosition = Mutex<Int64>(0)

    /// Opens or makes `messenger.sqlite` in the folder and brings its schema up to date. Throws `OpenError`, also for a
    /// folder that has been copied to another database.
    public init(folder: URL, limits: InboxLimits = InboxLimits()) throws {
        let path = Self.path(in: folder)
        self.limits = limits
        try DataFolderMarker.refuse(folder)
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.busyTimeout)
            configuration.label = "messenger"
            pool = try DatabasePool(path: path, configuration: configuration)
            commits = SharedCommit(pool, on: writer)
            try pool.writeWithoutTransaction { db in
                // GRDB sets NORMAL when it turns WAL on, after its own hook for settings.
                try db.execute(sql: "PRAGMA synchronous = FULL")
            }
            let migrator = Self.migrator
            if try pool.read(migrator.hasBeenSuperseded) { throw OpenError.fromTheFuture(path: path) }
            try migrator.migrate(pool)
            try pool.read(Self.readEnds)
        } catch let error as OpenError {
            throw error
        } catch {
            throw OpenError.unreadable(path: path, reason: "\(error)")
        }
        try assertDurable()
    }

    /// Whether the folder has a database.
    public static func exists(in folder: URL) -> Bool { FileManager.default.fileExists(atPath: path(in: folder)) }

    /// Looks at the database's files before they are opened, since that can hide what is wrong with them. Nobody else may have them
    /// open. Throws `OpenError`.
    public static func assertWhole(folder: URL) throws {
        let path = path(in: folder)
        do {
            if let finding = try DatabaseFile(path: path).damage() { throw OpenError.damaged(path: path, finding: finding) }
        } catch let error as OpenError {
            throw error
        } catch {
            throw OpenError.unreadable(path: path, reason: "\(error)")
        }
    }

    /// Where rows come and go: the ends of each table. Throws when they cannot be read.
    private static func readEnds(_ db: Database) throws {
        for table in StoredTable.all {
            for order in ["ASC", "DESC"] {
                let key = table.key.map { "\($0.name) \(order)" }.joined(separator: ", ")
                _ = try Row.fetchOne(db, sql: "SELECT * FROM \(table.name) ORDER BY \(key) LIMIT 1")
            }
        }
    }

    /// Reads the database without changing it. Throws `OpenError`.
    public static func check(folder: URL) throws {
        let path = path(in: folder)
        try DataFolderMarker.refuse(folder)
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { db in
                if try migrator.hasBeenSuperseded(db) { throw OpenError.fromTheFuture(path: path) }
                // As long as this reads, a server that runs starts its log no anew.
                try assertWhole(folder: folder)
                if let finding = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), finding != "ok" {
                    throw OpenError.damaged(path: path, finding: finding)
                }
            }
        } catch let error as OpenError {
            throw error
        } catch {
            throw OpenError.unreadable(path: path, reason: "\(error)")
        }
    }

    static func path(in folder: URL) -> String { folder.appending(path: "messenger.sqlite").path }

    /// Waits for what runs and closes the connections.
    public func close() throws { try pool.close() }

    func durabilitySettings() throws -> (synchronous: Int, journal: String) {
        try pool.writeWithoutTransaction { db in
            (try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1, try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "")
        }
    }

    private func assertDurable() throws {
        let (synchronous, journal) = try durabilitySettings()
        guard synchronous == Self.synchronousFull, journal == "wal" else {
            throw OpenError.notDurable(synchronous: synchronous, journal: journal)
        }
    }

    /// One transaction on the writing connection, durable on return. `body` may be run twice. Not interrupted by cancellation.
    /// Throws what `body` throws, with SQLite's own errors as `StoreError`.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await commits.write(body)
    }

    public var executor: (any TaskExecutor)? { writer }

    /// One consistent snapshot of the last commit.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { db in
                continuation.resume(with: Result { try body(try db.get()) }.mapError(StoreError.translating))
            }
        }
    }
}

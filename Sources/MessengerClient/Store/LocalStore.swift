import Foundation
import GRDB
import MessengerCrypto

/// What one device keeps: its keys, the log, contacts, messages and what is still to be sent. SQLite in a folder of its own.
///
/// Content and private keys are encrypted under the store's key. What is deleted is overwritten (`secure_delete`), and
/// `forgetTraces` empties the write-ahead log, so that a destroyed key is in no file any more. Each method is one transaction.
final class LocalStore: Sendable {
    private static let currentVersion = "v1"

    let cipher: StoreCipher
    /// Files on their way are in it too.
    let folder: String
    private let queue: DatabaseQueue
    private let lock: StoreLock
    private let keyPath: String
    /// Tests end a client's life here.
    private let beforeWrite: @Sendable () throws -> Void

    static func exists(at location: StoreLocation) -> Bool {
        FileManager.default.fileExists(atPath: location.databasePath)
    }

    /// Makes a new one. Throws `MessengerError.storeExists`.
    static func create(
        at location: StoreLocation, beforeWrite: @escaping @Sendable () throws -> Void = {}
    ) throws -> LocalStore {
        guard !exists(at: location) else { throw MessengerError.storeExists }
        let (lock, key) = try filing {
            try FileManager.default.createDirectory(
                atPath: location.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let lock = try StoreLock(path: location.lockPath)
            let (key, file) = try StoreKeyFile.make(passphrase: location.passphrase)
            try writePrivately(file, to: location.keyPath)
            // SQLite gives its other files the permissions of this one.
            try writePrivately([], to: location.databasePath)
            return (lock, key)
        }
        return try LocalStore(location, key: key, lock: lock, beforeWrite: beforeWrite)
    }

    /// Throws `noStore`, `storeLocked`, `storeInUse`.
    static func open(
        _ location: StoreLocation, beforeWrite: @escaping @Sendable () throws -> Void = {}
    ) throws -> LocalStore {
        guard exists(at: location) else { throw MessengerError.noStore }
        let lock = try StoreLock(path: location.lockPath)
        let file = try filing { Array(try Data(contentsOf: URL(filePath: location.keyPath))) }
        let key = try StoreKeyFile.open(file, passphrase: location.passphrase)
        return try LocalStore(location, key: key, lock: lock, beforeWrite: beforeWrite)
    }

    private init(
        _ location: StoreLocation, key: SecretBytes, lock: StoreLock, beforeWrite: @escaping @Sendable () throws -> Void
    ) throws {
        cipher = StoreCipher(key: key)
        self.beforeWrite = beforeWrite
        keyPath = location.keyPath
        self.lock = lock
        folder = location.folder
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.label = "store"
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA secure_delete = ON") }
        queue = try Self.filing { [configuration] in
            let queue = try DatabaseQueue(path: location.databasePath, configuration: configuration)
            // GRDB sets NORMAL when it turns WAL on.
            try queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
            if try queue.read(Self.migrator.hasBeenSuperseded) { throw MessengerError.store("a newer version wrote it") }
            try Self.migrator.migrate(queue)
            return queue
        }
    }

    /// Another program may open it from now on.
    func close() throws {
        defer { lock.release() }
        try queue.close()
    }

    func hasPassphrase() throws -> Bool { StoreKeyFile.hasPassphrase(try keyFile()) }

    /// Throws `storeLocked` unless it is this store's, or the store has none.
    func checkPassphrase(_ passphrase: String?) throws { _ = try StoreKeyFile.open(try keyFile(), passphrase: passphrase) }

    private func keyFile() throws -> [UInt8] { try Self.filing { Array(try Data(contentsOf: URL(filePath: keyPath))) } }

    /// One snapshot without a transaction: the store has one connection, and nobody else may open it.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await Self.storing { try await self.queue.unsafeRead(body) }
    }

    /// One transaction, on disk when it returns.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try beforeWrite()
        return try await Self.storing { try await self.queue.write(body) }
    }

    /// Empties the write-ahead log, with everything deleted that is still in it.
    func forgetTraces() async throws {
        try beforeWrite()
        try await Self.storing {
            try await self.queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        }
    }

    // MARK: Settings

    func setting(_ name: String) async throws -> [UInt8]? {
        try await read { [cipher] db in try Self.setting(name, cipher, db) }
    }

    func set(_ name: String, _ value: [UInt8]?) async throws {
        try await write { [cipher] db in try Self.set(name, value, cipher, db) }
    }

    static func setting(_ name: String, _ cipher: StoreCipher, _ db: Database) throws -> [UInt8]? {
        let sealed = try Data.fetchOne(db, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
        return try sealed.map { try cipher.open($0, column: "setting", row: name.utf8) }
    }

    static func set(_ name: String, _ value: [UInt8]?, _ cipher: StoreCipher, _ db: Database) throws {
        guard let value else {
            try db.execute(sql: "DELETE FROM setting WHERE name = ?", arguments: [name])
            return
        }
        try db.execute(
            sql: "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            arguments: [name, try cipher.seal(value, column: "setting", row: name.utf8)])
    }

    // MARK: Errors

    private static func storing<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as DatabaseError {
            throw MessengerError.store("SQLite says \(error.resultCode)")
        }
    }

    private static func filing<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let error as MessengerError {
            throw error
        } catch let error as DatabaseError {
            throw MessengerError.store("SQLite says \(error.resultCode)")
        } catch {
            throw MessengerError.store(error.localizedDescription)
        }
    }

    private static func writePrivately(_ bytes: [UInt8], to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600]) else {
            throw MessengerError.store("\(path) cannot be written")
        }
    }
}

import Foundation
import Glibc

/// Says that a data folder is, or has been, copied to another database, so that no server goes on with it: the file
/// `migration.json` in the folder. Removing the file takes it back.
public struct DataFolderMarker: Codable, Equatable, Sendable {
    public enum State: String, Codable, Sendable { case copying, copied }

    private static let file = "migration.json"

    public let state: State
    /// Tells this copy from any other; the new database has it too.
    public let copy: String
    /// Where the new database is, without a password.
    public let target: String

    public init(_ state: State, copy: String, target: String) {
        self.state = state
        self.copy = copy
        self.target = target
    }

    /// Nil when the folder has none. Throws `SQLiteBackend.OpenError`.
    public static func read(in folder: URL) throws -> DataFolderMarker? {
        let path = folder.appending(path: file)
        guard FileManager.default.fileExists(atPath: path.path) else { return nil }
        do {
            return try JSONDecoder().decode(DataFolderMarker.self, from: Data(contentsOf: path))
        } catch {
            throw SQLiteBackend.OpenError.unreadable(path: path.path, reason: "\(error)")
        }
    }

    /// Throws `SQLiteBackend.OpenError.migrated` when the folder has one.
    static func refuse(_ folder: URL) throws {
        if let marker = try read(in: folder) {
            throw SQLiteBackend.OpenError.migrated(marker, marker: folder.appending(path: file).path)
        }
    }

    /// On disk when it returns, and never there by half. Takes the place of an earlier one. Throws a `POSIXError`.
    public func write(in folder: URL) throws {
        let new = folder.appending(path: Self.file + ".new").path
        let bytes = try JSONEncoder().encode(self) + Data("\n".utf8)
        try Self.withDescriptor(new, O_CREAT | O_TRUNC | O_WRONLY) { descriptor in
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written == bytes.count, fsync(descriptor) == 0 else { throw Self.failure }
        }
        guard rename(new, folder.appending(path: Self.file).path) == 0 else { throw Self.failure }
        try Self.withDescriptor(folder.path, O_RDONLY | O_DIRECTORY) { guard fsync($0) == 0 else { throw Self.failure } }
    }

    private static func withDescriptor(_ path: String, _ flags: Int32, _ body: (Int32) throws -> Void) throws {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure }
        defer { _ = Glibc.close(descriptor) }
        try body(descriptor)
    }

    private static var failure: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}

import Foundation
import Glibc

/// Keeps a data folder to one running server: an advisory lock on its file `lock`, released with this value, or by the
/// system when the process dies.
public struct DataFolderLock: ~Copyable, Sendable {
    public struct Taken: Error, CustomStringConvertible {
        let folder: String
        public var description: String {
            "another messenger-server is using the data folder \(folder); stop it, or choose another --data-dir"
        }
    }

    public struct Unusable: Error, CustomStringConvertible {
        let folder: String
        let reason: String
        public var description: String {
            "the data folder \(folder) cannot be written (\(reason)); change its owner, or choose another --data-dir"
        }
    }

    private let descriptor: Int32

    /// Throws `Taken` when another process has it, `Unusable` when the folder cannot be made or written.
    public init(folder: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Unusable(folder: folder.path, reason: error.localizedDescription)
        }
        descriptor = try Self.lockedDescriptor(folder)
    }

    private static func lockedDescriptor(_ folder: URL) throws -> Int32 {
        let descriptor = open(folder.appending(path: "lock").path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Unusable(folder: folder.path, reason: String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            _ = Glibc.close(descriptor)
            throw Taken(folder: folder.path)
        }
        return descriptor
    }

    deinit {
        // A process that is just being started has a copy of the descriptor until it becomes another program.
        flock(descriptor, LOCK_UN)
        _ = Glibc.close(descriptor)
    }
}

import Foundation
import Glibc

/// Files of this program's own, which their owner alone can read. The calls block: they are for a `FileExecutor`. They throw
/// `MessengerError.file`.
enum PrivateFile {
    /// A new one; an error if anything of that name is there.
    static func create(_ path: String) throws -> FileHandle { try open(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW) }

    static func makeFolder(_ path: String) throws {
        try attempting(path) {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    /// A file of the person's, which may be anywhere. Only what has bytes of its own: no folder, no pipe, no device.
    static func openRegular(_ path: String) throws -> FileHandle {
        // A pipe that nobody writes to must not hold this up.
        let handle = try open(path, O_RDONLY | O_NONBLOCK)
        var information = stat()
        guard fstat(handle.fileDescriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            throw MessengerError.file("\(path) is no regular file.")
        }
        return handle
    }

    /// Exactly so many bytes.
    static func read(_ path: String, at offset: Int, count: Int) async throws -> [UInt8] {
        let file = try openRegular(path)
        let bytes = try attempting(path) {
            try file.seek(toOffset: UInt64(offset))
            return Array(try file.read(upToCount: count) ?? Data())
        }
        guard bytes.count == count else { throw MessengerError.file("\(path) has been cut short.") }
        return bytes
    }

    /// Makes the file if there is none.
    static func write(_ bytes: [UInt8], to path: String, at offset: Int) async throws {
        let file = try open(path, O_CREAT | O_RDWR | O_NOFOLLOW)
        try attempting(path) {
            try file.seek(toOffset: UInt64(offset))
            try file.write(contentsOf: Data(bytes))
        }
    }

    /// How many bytes are there to go on with; one that is longer than it can be is emptied.
    static func size(_ path: String, atMost limit: Int) async throws -> Int {
        guard exists(path) else { return 0 }
        let file = try open(path, O_RDWR | O_NOFOLLOW)
        return try attempting(path) {
            let size = Int(try file.seekToEnd())
            if size <= limit { return size }
            try file.truncate(atOffset: 0)
            return 0
        }
    }

    /// Also for a link that leads nowhere.
    static func exists(_ path: String) -> Bool {
        var information = stat()
        return lstat(path, &information) == 0
    }

    /// Gives the file its final name; what has that name is replaced, or it is an error.
    static func publish(_ path: String, as final: String, replacing: Bool) throws {
        if !replacing, link(path, final) == 0 {
            remove(path)
            return
        }
        guard replacing || !exists(final) else { throw MessengerError.file("\(final) is there already.") }
        // Some file systems have no second names.
        guard rename(path, final) == 0 else { throw failure(final) }
    }

    static func remove(_ path: String) { unlink(path) }

    /// Removes what is in the folder, if there is one, but these files.
    static func empty(_ folder: String, but kept: [String]) async {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where !kept.contains("\(folder)/\(name)")
        {
            remove("\(folder)/\(name)")
        }
    }

    /// Removes what in the folder was not changed for so many seconds.
    static func empty(_ folder: String, olderThan age: TimeInterval) async {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let path = "\(folder)/\(name)"
            let changed = (try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate]) as? Date
            if let changed, -changed.timeIntervalSinceNow > age { remove(path) }
        }
    }

    /// Does the work, and says which file it was if it fails.
    static func attempting<Value>(_ path: String, _ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let error as MessengerError {
            throw error
        } catch {
            throw MessengerError.file("\(path) cannot be used: \(error.localizedDescription)")
        }
    }

    private static func open(_ path: String, _ flags: Int32) throws -> FileHandle {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func failure(_ path: String) -> MessengerError {
        .file("\(path) cannot be used: \(String(cString: strerror(errno))).")
    }
}

import Foundation
import TestSupport

/// A file system in memory of a few megabytes. Only root may make one.
final class SmallDisk {
    struct Failed: Error {
        let program: String
        let status: Int32
    }

    private let folder: TemporaryFolder
    var path: String { folder.path }

    /// - Parameter owner: who may write to it.
    init(megabytes: Int, owner: String) throws {
        folder = try TemporaryFolder()
        try Self.run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder.path)
        try Self.run("/usr/bin/chown", owner, folder.path)
    }

    func resize(megabytes: Int) throws { try Self.run("/usr/bin/mount", "-o", "remount,size=\(megabytes)m", path) }

    /// To be called when nobody uses it any more, or soon.
    func remove() { try? Self.run("/usr/bin/umount", "--lazy", path) }

    private static func run(_ program: String, _ arguments: String...) throws {
        let process = try Process.run(URL(filePath: program), arguments: arguments)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(program: program, status: process.terminationStatus) }
    }
}

import Foundation
import Glibc
import TestSupport

/// A small file system of its own (tmpfs) in the place of a folder, to be filled up.
struct SmallDisk {
    struct CannotWrite: Error {
        let to: String
    }

    private static let size = "size=128m"

    private let folder: String
    private var original: String { folder + ".original" }
    private var filler: String { folder + "/filler" }

    /// Whether this process may mount one.
    static var canBeMade: Bool {
        get async {
            guard geteuid() == 0, let place = try? TemporaryFolder() else { return false }
            guard (try? await mount("-t", "tmpfs", "tmpfs", place.path)) != nil else { return false }
            return (try? await run("umount", place.path)) != nil
        }
    }

    /// Nobody may use the folder meanwhile. What is in it stays there, as a copy on the new disk.
    static func mount(over folder: String) async throws -> SmallDisk {
        let disk = SmallDisk(folder: folder)
        try await run("mv", folder, disk.original)
        try await run("mkdir", folder)
        try await mount("-t", "tmpfs", "-o", size, "tmpfs", folder)
        try await run("cp", "-a", disk.original + "/.", folder)
        return disk
    }

    private static func mount(_ words: String...) async throws { try await run(["mount"] + words) }

    /// Takes all the room there is.
    func fill() throws {
        let file = open(filler, O_WRONLY | O_CREAT, 0o600)
        guard file >= 0 else { throw CannotWrite(to: filler) }
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for length in [zeros.count, 4_096] { while write(file, zeros, length) == length {} }
    }

    func clear() throws { try FileManager.default.removeItem(atPath: filler) }

    /// Brings what is on it back to where it was. Nobody may use the folder meanwhile.
    func unmount() async throws {
        try await Self.run("rm", "-rf", original)
        try await Self.run("cp", "-a", folder, original)
        try await Self.run("umount", folder)
        try await Self.run("rmdir", folder)
        try await Self.run("mv", original, folder)
    }

    private static func run(_ words: String...) async throws { try await run(words) }

    private static func run(_ words: [String]) async throws {
        try await ChildProcess.run("/usr/bin/env", words).assertSuccess()
    }
}

import Foundation
import Glibc

/// A small file system of its own (tmpfs) in the place of a folder, to be filled up. Making one takes root.
public struct SmallDisk: Sendable {
    public struct Failed: Error {
        let step: String
        let path: String
        let code = errno
    }

    private let folder: String
    private var original: String { folder + ".original" }
    private var filler: String { folder + "/filler" }

    /// Whether this process may mount one.
    public static var canBeMade: Bool {
        get async {
            guard geteuid() == 0, let place = try? TemporaryFolder() else { return false }
            return (try? await run(over: place.path, megabytes: 1) { _ in }) != nil
        }
    }

    /// Runs `body` with a disk in the place of the folder. What is in the folder is copied to the disk, and back at the end;
    /// when `body` throws, the folder becomes what it was before. Nobody may use the folder when `body` begins and when it ends.
    public static func run<Value>(
        over folder: String, megabytes: Int, _ body: (SmallDisk) async throws -> Value
    ) async throws -> Value {
        let disk = SmallDisk(folder: folder)
        try disk.step("move", rename(folder, disk.original))
        do {
            try disk.step("make", mkdir(folder, 0o700))
            try disk.step("mount", mount("tmpfs", folder, "tmpfs", 0, "size=\(megabytes)m"))
            try await copy(disk.original, to: folder)
            let value = try await body(disk)
            try await disk.bringBack()
            return value
        } catch {
            disk.giveUp()
            throw error
        }
    }

    /// Takes all the room there is.
    public func fill() throws {
        let file = open(filler, O_WRONLY | O_CREAT, 0o600)
        try step("fill", file)
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for length in [zeros.count, 4_096] { while write(file, zeros, length) == length {} }
    }

    public func clear() throws { try step("clear", unlink(filler)) }

    /// Makes it larger.
    public func resize(megabytes: Int) throws {
        try step("resize", mount("tmpfs", folder, "tmpfs", UInt(MS_REMOUNT), "size=\(megabytes)m"))
    }

    private func bringBack() async throws {
        let copy = original + ".new"
        try await Self.copy(folder, to: copy)
        try FileManager.default.removeItem(atPath: original)
        try step("rename", rename(copy, original))
        try step("unmount", umount2(folder, Int32(MNT_DETACH)))
        try step("remove", rmdir(folder))
        try step("move back", rename(original, folder))
    }

    /// Also for a test that was cancelled, and when somebody still uses the disk: it goes when they do.
    private func giveUp() {
        umount2(folder, Int32(MNT_DETACH))
        rmdir(folder)
        rename(original, folder)
        try? FileManager.default.removeItem(atPath: original + ".new")
    }

    /// With owners and modes, also of the folder itself.
    private static func copy(_ folder: String, to other: String) async throws {
        try await ChildProcess.run("cp", ["-a", folder + "/.", other]).assertSuccess()
    }

    private func step(_ name: String, _ result: Int32) throws {
        guard result >= 0 else { throw Failed(step: name, path: folder) }
    }
}

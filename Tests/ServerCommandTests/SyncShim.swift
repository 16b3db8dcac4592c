import Foundation
import TestSupport

/// Stands between a program and the system's fsync: fails it with an I/O error while a file says so.
struct SyncShim: Sendable {
    private static let source = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        static int is_broken(void) {
            const char *sign = getenv("BROKEN_DISK");
            return sign && access(sign, F_OK) == 0;
        }

        int fsync(int file) {
            if (is_broken()) { errno = EIO; return -1; }
            return syscall(SYS_fsync, file);
        }

        int fdatasync(int file) {
            if (is_broken()) { errno = EIO; return -1; }
            return syscall(SYS_fdatasync, file);
        }
        """

    private let library: String
    private let sign: String

    struct CannotBuild: Error { let output: String }

    /// Builds it with the compiler that came with Swift.
    static func build(in folder: TemporaryFolder) async throws -> SyncShim {
        let source = folder.path + "/shim.c"
        let library = folder.path + "/shim.so"
        try Self.source.write(toFile: source, atomically: true, encoding: .utf8)
        let output = try await ChildProcess.run("clang", ["-shared", "-fPIC", "-O1", "-o", library, source])
        guard output.code == 0 else { throw CannotBuild(output: output.error) }
        return SyncShim(library: library, sign: folder.path + "/broken")
    }

    var surroundings: ServerProcess.Surroundings {
        ServerProcess.Surroundings(environment: ["LD_PRELOAD": library, "BROKEN_DISK": sign])
    }

    func breakDisk() throws { try Data().write(to: URL(filePath: sign)) }
    func mendDisk() throws { try FileManager.default.removeItem(atPath: sign) }
}

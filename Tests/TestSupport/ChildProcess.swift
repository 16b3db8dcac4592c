import Foundation
import Glibc
import Synchronization

/// A program that a test started. It dies with the test's process, whatever happens to that.
public final class ChildProcess: Sendable {
    struct CannotStart: Error {
        let program: String
        let code: Int32
    }

    /// Everything that the program has written so far.
    public struct Output: Sendable {
        public let code: Int32
        public let standard: String
        public let error: String

        /// Throws `Failed` when it ended in another way than with 0.
        public func assertSuccess() throws {
            guard code == 0 else { throw Failed(code: code, error: error) }
        }
    }

    struct Failed: Error {
        let code: Int32
        let error: String
    }

    public let id: pid_t
    /// What `waitpid` said; nil while it runs.
    private let status = Mutex<Int32?>(nil)
    private let hasEnded = Gate()

    public var isRunning: Bool { status.withLock { $0 == nil } }

    private init(id: pid_t) { self.id = id }

    /// Starts a program with its output appended to the two files.
    public static func start(
        _ program: String, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
        folder: URL, output: String, error: String
    ) async throws -> ChildProcess {
        // `setpriv` has the system kill the program when the thread that started it ends: this one, which only waits for it.
        let command = ["/usr/bin/env", "--chdir", folder.path, "setpriv", "--pdeathsig", "KILL", program] + arguments
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    let child = ChildProcess(id: try spawn(command, environment, output: output, error: error))
                    continuation.resume(returning: child)
                    child.waitForEnd()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Runs a program to its end, or kills it and throws `NeverHappened`.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
        folder: URL? = nil, within limit: Duration = .seconds(120)
    ) async throws -> Output {
        let files = try TemporaryFolder()
        let child = try await start(
            program, arguments, environment: environment, folder: folder ?? files.url,
            output: files.path + "/stdout", error: files.path + "/stderr")
        defer { child.signal(SIGKILL) }
        let code = try await child.exitCode(within: limit)
        return Output(
            code: code, standard: try String(contentsOfFile: files.path + "/stdout", encoding: .utf8),
            error: try String(contentsOfFile: files.path + "/stderr", encoding: .utf8))
    }

    /// Does nothing when it has ended.
    public func signal(_ number: Int32) {
        // Under the lock: the id cannot have gone to another process meanwhile.
        status.withLock { if $0 == nil { _ = Glibc.kill(id, number) } }
    }

    /// Waits for the end: the exit code, or minus the signal that ended it.
    public func exitCode(within limit: Duration = .seconds(120)) async throws -> Int32 {
        try await eventually("process \(id) ends", within: limit) { !isRunning }
        let status = status.withLock { $0 ?? 0 }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : -signal
    }

    /// Ends it as `kill -9` does, and returns when it is gone, also for a test that was cancelled.
    public func kill() async {
        signal(SIGKILL)
        await hasEnded.wait()
    }

    private func waitForEnd() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        status.withLock { status in
            var end: Int32 = 0
            waitpid(id, &end, 0)
            status = end
        }
        hasEnded.open()
    }

    private static func spawn(
        _ command: [String], _ environment: [String: String], output: String, error: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, error, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // Sockets and files of other tests are not for it.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var id = pid_t()
        let code = posix_spawn(&id, command[0], &actions, &attributes, arguments, variables)
        guard code == 0 else { throw CannotStart(program: command.joined(separator: " "), code: code) }
        return id
    }
}

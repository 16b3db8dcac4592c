import Foundation
import Glibc
import Synchronization

/// A service that a test started, such as a database. It dies with the test's process, whatever happens to that.
public final class ServiceProcess: Sendable {
    public let id: pid_t
    private let running = Mutex(true)
    private let hasEnded = Gate()

    public var isRunning: Bool { running.withLock { $0 } }

    private init(id: pid_t) { self.id = id }

    /// Starts a program with its output appended to a file.
    public static func start(
        _ program: String, _ arguments: [String] = [], environment: [String: String], log: URL
    ) async throws -> ServiceProcess {
        try await withCheckedThrowingContinuation { continuation in
            // `setpriv` has the system kill the program when the thread that started it ends: this one, which only waits for it.
            Thread.detachNewThread {
                do {
                    if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
                    let output = try FileHandle(forWritingTo: log)
                    try output.seekToEnd()
                    let process = Process()
                    process.executableURL = URL(filePath: "/usr/bin/setpriv")
                    process.arguments = ["--pdeathsig", "KILL", program] + arguments
                    process.environment = environment
                    process.standardInput = FileHandle.nullDevice
                    process.standardOutput = output
                    process.standardError = output
                    try process.run()
                    let service = ServiceProcess(id: process.processIdentifier)
                    continuation.resume(returning: service)
                    process.waitUntilExit()
                    service.running.withLock { $0 = false }
                    service.hasEnded.open()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Does nothing when it has ended.
    public func signal(_ number: Int32) { running.withLock { if $0 { _ = Glibc.kill(id, number) } } }

    /// Ends it as `kill -9` does, and returns when it is gone, also for a test that was cancelled.
    public func kill() async {
        signal(SIGKILL)
        await hasEnded.wait()
    }
}

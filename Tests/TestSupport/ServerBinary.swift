import Foundation

/// The built program: beside the tests, or where MESSENGER_SERVER_BINARY says.
public enum ServerBinary {
    private static let override = "MESSENGER_SERVER_BINARY"

    public static let path: String = {
        if let path = ProcessInfo.processInfo.environment[override] { return path }
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        return tests.appending(path: "messenger-server").path
    }()

    /// This process's own, without settings that are meant for another server.
    public static let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("MESSENGER_") }

    /// Runs one of its subcommands to the end.
    public static func run(
        _ arguments: [String], environment more: [String: String] = [:], folder: URL? = nil
    ) async throws -> ChildProcess.Output {
        try await ChildProcess.run(path, arguments, environment: environment.merging(more) { $1 }, folder: folder)
    }
}

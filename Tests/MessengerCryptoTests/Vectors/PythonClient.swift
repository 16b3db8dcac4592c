import Foundation
import TestSupport

/// The other implementation of the protocol, in `docs/vectors`.
enum PythonClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the script wrote. `script/setup --tests` has put a fitting Python in `.build-tools`, in case the system's is none.
    static func run(_ arguments: [String]) async throws -> String {
        let own = VectorFile.folder.appending(path: "../../.build-tools/bin/python3").standardizedFileURL.path
        let python = FileManager.default.isExecutableFile(atPath: own) ? own : "python3"
        let output = try await ChildProcess.run(
            python, [VectorFile.folder.appending(path: "check.py").path] + arguments,
            environment: ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 })
        guard output.code == 0 else { throw Failure(description: output.error + output.standard) }
        return output.standard
    }
}

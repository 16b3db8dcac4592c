import Foundation

/// The other implementation of the protocol, in `docs/vectors`.
enum PythonClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the script wrote. `script/setup --tests` has put a fitting Python in `.build-tools`, in case the system's is none.
    static func run(_ arguments: [String]) throws -> String {
        let own = VectorFile.folder.appending(path: "../../.build-tools/bin/python3").standardizedFileURL.path
        let python = FileManager.default.isExecutableFile(atPath: own) ? own : "python3"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [python, VectorFile.folder.appending(path: "check.py").path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let error = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: error + text) }
        return text
    }
}

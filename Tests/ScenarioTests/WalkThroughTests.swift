import Foundation
import TestSupport
import Testing

/// What the README tells a newcomer to type does what it says.
@Suite(.timeLimit(.minutes(5)))
struct WalkThroughTests {
    private static let urlInPage = "https://localhost:5000"
    private static let page = URL(filePath: #filePath).appending(path: "../../../README.md").standardizedFileURL

    @Test func `The walk-through of the README works as printed`() async throws {
        let walkThrough = try WalkThrough(page: Self.page)
        #expect(walkThrough.script.contains(Self.urlInPage))
        try await ServerProcess.run { server in
            let folder = try TemporaryFolder()
            let script = walkThrough.script.replacing(Self.urlInPage, with: server.url)
            let end = try await ChildProcess.run("/bin/bash", ["-euo", "pipefail", "-c", script], folder: folder.url)
            #expect(end.code == 0, "\(end.error)\n\(end.standard)")
            #expect(walkThrough.missing(in: end.standard) == nil, "\(end.standard)\n\(end.error)")
        }
    }
}

import Foundation
import TestSupport
import Testing

/// What the README tells a newcomer to type does what it says.
@Suite(.timeLimit(.minutes(5)))
struct WalkThroughTests {
    private static let urlInPage = "https://localhost:5000"
    private static let page = URL(filePath: #filePath).appending(path: "../../../README.md").standardizedFileURL

    @Test func `The walk-through of the README works as printed`() async throws {
        try await ServerProcess.run { try await walkThrough(on: $0.url) }
    }

    @Test func `The walk-through of the README works on a cluster, too`() async throws {
        try await ClusterProcess.run { try await walkThrough(on: $0.url) }
    }

    /// On a server without users.
    private func walkThrough(on url: String) async throws {
        let walkThrough = try WalkThrough(page: Self.page)
        #expect(walkThrough.script.contains(Self.urlInPage))
        let folder = try TemporaryFolder()
        let script = walkThrough.script.replacing(Self.urlInPage, with: url)
        let end = try await ChildProcess.run("/bin/bash", ["-euo", "pipefail", "-c", script], folder: folder.url)
        #expect(end.code == 0, "\(end.error)\n\(end.standard)")
        #expect(walkThrough.missing(in: end.standard) == nil, "\(end.standard)\n\(end.error)")
    }
}

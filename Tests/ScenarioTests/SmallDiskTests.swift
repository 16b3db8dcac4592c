import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)), .enabled("needs root, and a kernel that mounts tmpfs") { await SmallDisk.canBeMade })
struct SmallDiskTests {
    private struct Failure: Error {}

    private let folder: TemporaryFolder
    private var file: String { folder.path + "/kept" }
    private var text: String? { try? String(contentsOfFile: file, encoding: .utf8) }
    private var isMounted: Bool {
        get throws { try String(contentsOfFile: "/proc/mounts", encoding: .utf8).contains(" \(folder.path) ") }
    }

    init() throws {
        folder = try TemporaryFolder()
        try write("before")
    }

    private func write(_ text: String) throws { try text.write(toFile: file, atomically: false, encoding: .utf8) }

    @Test func `What was changed on it is in the folder afterwards`() async throws {
        try await SmallDisk.run(over: folder.path, megabytes: 1) { _ in
            #expect(try isMounted && text == "before")
            try write("after")
        }
        #expect(try !isMounted && text == "after")
    }

    @Test func `A test that fails leaves nothing mounted, and the folder as it was`() async throws {
        await #expect(throws: Failure.self) {
            try await SmallDisk.run(over: folder.path, megabytes: 1) { disk in
                try write("after")
                try disk.fill()
                throw Failure()
            }
        }
        #expect(try !isMounted && text == "before")
    }
}

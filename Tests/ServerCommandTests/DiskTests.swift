import Foundation
import GRDB
import Glibc
import TestSupport
import Testing

/// Disks that are full, read-only, broken or written over, under the real program. A disk of the test's own is a file system
/// in memory that only the server's process sees; making one takes root.
@Suite(.timeLimit(.minutes(5)))
struct DiskTests {
    private static let isRoot = geteuid() == 0
    private static let text = String(repeating: "x", count: 200_000)
    private static let mebibyte = 1 << 20

    /// Mounts a disk of so many MiB on the data folder, and becomes the server.
    private static func disk(mebibytes: Int, _ options: String = "", in folder: TemporaryFolder) throws
        -> ServerProcess.Surroundings
    {
        let data = folder.path + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let mount = "mount -t tmpfs -o size=\(mebibytes)m\(options) tmpfs \"$0\" && exec \"$@\""
        return ServerProcess.Surroundings(launcher: ["unshare", "--mount", "sh", "-c", mount, data])
    }

    /// A file on the server's own disk.
    private static func ballast(_ server: ServerProcess) -> String { "/proc/\(server.id)/root\(server.dataFolder)/ballast" }

    @Test(.enabled(if: isRoot))
    func `A full disk refuses sends, loses nothing, and takes sends again when it has room`() async throws {
        let folder = try TemporaryFolder()
        try await ServerProcess.run(
            folder: folder, in: Self.disk(mebibytes: 24, in: folder), ["--min-free", "0"]
        ) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            try Data(count: 18 * Self.mebibyte).write(to: URL(filePath: Self.ballast(server)))
            var accepted = 0
            while try await ann.send(Self.text, to: ann.id, key: "\(accepted)").status == 200 { accepted += 1 }
            #expect(accepted > 0 && accepted < 100)
            let refused = try await ann.send(Self.text, to: ann.id, key: "\(accepted)")
            #expect(refused.status == 503 && refused.headers["retry-after"] != nil)
            // Reading goes on.
            #expect(try await ann.fetch().messages.first?.number == 1)
            #expect(try await client.call("GET", "/health").status == 200)

            try FileManager.default.removeItem(atPath: Self.ballast(server))
            try await eventually("there is room again") {
                try await ann.send(Self.text, to: ann.id, key: "\(accepted)").status == 200
            }
            #expect(try await server.isWhole(for: ann, count: accepted + 1))
            #expect(try await server.terminate().code == 0)
        }
    }

    @Test(.enabled(if: isRoot))
    func `Before the disk is full, sends are refused while acknowledging and deleting go on`() async throws {
        let folder = try TemporaryFolder()
        try await ServerProcess.run(
            folder: folder, in: Self.disk(mebibytes: 24, in: folder), ["--min-free", "8M"]
        ) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let bob = try await TestUser.make(on: client)
            #expect(try await ann.send("1", to: ann.id).status == 200)
            try Data(count: 16 * Self.mebibyte).write(to: URL(filePath: Self.ballast(server)))
            try await eventually("refused") { try await ann.send("2", to: bob.id).status == 503 }
            #expect(try await ann.acknowledge(1).status == 200)
            #expect(try await ann.fetch().next == 1)
            #expect(
                try await client.call("DELETE", "/api/users/", json: "{\"user_id\":\(bob.id)}", token: bob.token).status == 200)
            #expect(server.log.contains("The disk is nearly full"))
            try FileManager.default.removeItem(atPath: Self.ballast(server))
            try await eventually("taken again") { try await ann.send("2", to: ann.id).status == 200 }
        }
    }

    @Test(.enabled(if: isRoot))
    func `A read-only data folder is refused by name`() async throws {
        let folder = try TemporaryFolder()
        let refusal = try await refusal(folder, Self.disk(mebibytes: 1, ",ro", in: folder))
        #expect(refusal.contains(folder.path + "/data"), "\(refusal)")
    }

    @Test func `An I/O error at commit is 503, then the end; what was accepted is there at the next start`() async throws {
        let folder = try TemporaryFolder()
        let shim = try await SyncShim.build(in: folder)
        try await ServerProcess.run(folder: folder, in: shim.surroundings) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            for number in 1...5 { #expect(try await ann.send("\(number)", to: ann.id).status == 200) }
            try shim.breakDisk()
            let statuses = await withTaskGroup(of: Int?.self) { group in
                for _ in 1...20 { group.addTask { try? await ann.send("unknown", to: ann.id).status } }
                return await group.reduce(into: [Int]()) { if let status = $1 { $0.append(status) } }
            }
            #expect(!statuses.isEmpty && statuses.allSatisfy { $0 == 503 }, "\(statuses)")
            #expect(try await server.exitCode() > 0)
            #expect(server.log.contains("CRITICAL A commit got no answer"))

            try shim.mendDisk()
            try await server.start()
            let again = TestClient(server.url)
            let page = try await again.call("GET", "/api/messages/?limit=1000", token: ann.token)
            let texts = (page.json["messages"] as? [[String: any Sendable]])?.compactMap { $0["message"] as? String } ?? []
            #expect(texts.prefix(5) == ["1", "2", "3", "4", "5"])
            #expect(texts.dropFirst(5).allSatisfy { $0 == "unknown" })
        }
    }

    enum Damage: CaseIterable {
        case header, cutShort, lastPage, everyPage, zeroes, emptied

        /// Whether the server must not start; otherwise it may find out later.
        var isSeenAtStart: Bool { self != .everyPage }

        func apply(to bytes: Data) -> Data {
            let page = 4_096
            let junk = Data(repeating: 0x5A, count: 100)
            var bytes = bytes
            switch self {
            case .header: bytes.replaceSubrange(0..<junk.count, with: junk)
            case .cutShort: bytes = bytes.prefix(bytes.count / 2 / page * page)
            case .lastPage: bytes = bytes.prefix(bytes.count - page)
            case .everyPage:
                for start in stride(from: page, to: bytes.count, by: page) {
                    bytes.replaceSubrange(start..<start + junk.count, with: junk)
                }
            case .zeroes: bytes = Data(count: bytes.count)
            case .emptied: bytes = Data()
            }
            return bytes
        }
    }

    @Test(arguments: Damage.allCases)
    func `A database that something wrote over is named by check, and refused or served without a wrong answer`(
        _ damage: Damage
    ) async throws {
        let folder = try TemporaryFolder()
        let ann = try await ServerProcess.run(folder: folder) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            for number in 1...40 { #expect(try await ann.send("\(number) " + Self.text, to: ann.id).status == 200) }
            _ = try await server.terminate()
            return ann
        }
        let path = folder.path + "/data/messenger.sqlite"
        try Self.emptyLog(of: path)
        try damage.apply(to: Data(contentsOf: URL(filePath: path))).write(to: URL(filePath: path))

        let check = try await ServerBinary.run(
            ["check", "--port", "0", "--data-dir", folder.path + "/data", "--cert-dir", folder.path + "/cert"])
        #expect(check.code == 1 && check.standard.contains("wrong  database: \(path)"), "\(check.standard)")
        do {
            try await ServerProcess.run(folder: folder) { server in
                let client = TestClient(server.url)
                let page = try await client.call("GET", "/api/messages/?limit=1000", token: ann.token)
                #expect([200, 503].contains(page.status), "\(page.text)")
                let texts = (page.json["messages"] as? [[String: any Sendable]])?.compactMap { $0["message"] as? String } ?? []
                #expect(texts == (1...max(1, texts.count)).prefix(texts.count).map { "\($0) " + Self.text })
                #expect(server.isRunning)
            }
            #expect(!damage.isSeenAtStart)
        } catch let error as ServerProcess.EndedEarly {
            #expect(error.code > 0 && error.log.contains("Error: \(path) "), "\(error.log)")
        }
    }

    enum Loss: CaseIterable {
        case half, all, file
    }

    @Test(arguments: Loss.allCases)
    func `A database that has lost pages is refused although its log is there`(_ loss: Loss) async throws {
        let folder = try TemporaryFolder()
        try await ServerProcess.run(folder: folder) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            // More than the log holds before it is copied.
            for number in 1...40 { #expect(try await ann.send("\(number) " + Self.text, to: ann.id).status == 200) }
            try await server.kill()
        }
        let path = folder.path + "/data/messenger.sqlite"
        let bytes = try Data(contentsOf: URL(filePath: path))
        #expect(FileManager.default.fileExists(atPath: path + "-wal") && bytes.count > 1 << 20)
        switch loss {
        case .half: try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
        case .all: try Data().write(to: URL(filePath: path))
        case .file: try FileManager.default.removeItem(atPath: path)
        }
        let refusal = try await refusal(folder, ServerProcess.Surroundings())
        #expect(refusal.hasPrefix("Error: \(path) is damaged: ") && refusal.contains("restore a backup"), "\(refusal)")
        let check = try await ServerBinary.run(
            ["check", "--port", "0", "--data-dir", folder.path + "/data", "--cert-dir", folder.path + "/cert"])
        #expect(check.code == 1 && check.standard.contains("wrong  database: \(path)"), "\(check.standard)")
    }

    /// The write-ahead log would bring damaged pages back.
    private static func emptyLog(of path: String) throws {
        try DatabaseQueue(path: path).writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }

    /// What a start that must fail says last.
    private func refusal(_ folder: TemporaryFolder, _ surroundings: ServerProcess.Surroundings) async throws -> String {
        do {
            try await ServerProcess.run(folder: folder, in: surroundings) { _ in }
        } catch let error as ServerProcess.EndedEarly {
            #expect(error.code > 0, "\(error.log)")
            let last = error.log.split(separator: "\n").last.map(String.init) ?? ""
            #expect(last.hasPrefix("Error: "), "\(error.log)")
            return last
        }
        Issue.record("the server has started")
        return ""
    }
}

extension ServerProcess {
    /// Whether the user's inbox has the numbers from 1 to `count`, each once.
    fileprivate func isWhole(for user: TestUser, count: Int) async throws -> Bool {
        var numbers: [Int64] = []
        while case let page = try await user.fetch(after: numbers.last), !page.messages.isEmpty {
            numbers += page.messages.map(\.number)
        }
        return numbers == Array(1...Int64(count))
    }
}

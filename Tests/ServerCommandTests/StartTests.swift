import Foundation
import GRDB
import TestSupport
import Testing

/// What `serve` does at its start and at its end, on the real program.
@Suite(.timeLimit(.minutes(5)))
struct StartTests {
    /// What a start that must fail says; fails the test if the server starts or crashes.
    private func refusal(
        folder: TemporaryFolder, port: Int = 0, _ settings: [String] = []
    ) async throws -> String {
        do {
            try await ServerProcess.run(port: port, folder: folder, settings) { _ in }
        } catch let error as ServerProcess.EndedEarly {
            #expect(error.code > 0)
            let last = error.log.split(separator: "\n").last.map(String.init) ?? ""
            #expect(last.hasPrefix("Error: "), "\(error.log)")
            return last
        }
        Issue.record("the server has started")
        return ""
    }

    @Test func `It is healthy as soon as it is ready`() async throws {
        try await ServerProcess.run { server in
            let client = TestClient(server.url)
            let answer = try await client.call("GET", "/api/health/")
            #expect(answer.status == 200 && answer.text == "OK")
        }
    }

    @Test func `JSON log lines parse, and the ready line names the URL`() async throws {
        try await ServerProcess.run(["--log-format", "json"]) { server in
            _ = try await TestClient(server.url).call("GET", "/api/users/?username=a%0Ab")
            _ = try await server.terminate()
            let lines = server.log.split(separator: "\n")
            let objects = try lines.map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
            #expect(objects.contains { $0["message"] == "Ready" && $0["url"] == server.url })
            #expect(objects.contains { $0["message"] == "GET /api/users" && $0["status"] == "401" })
        }
    }

    @Test func `What it makes is its owner's alone`() async throws {
        try await ServerProcess.run { server in
            _ = try await TestUser.make(on: TestClient(server.url))
            for (path, mode) in [
                (server.certificateFolder + "/private_key.pem", 0o600), (server.certificateFolder, 0o700),
                (server.dataFolder, 0o700), (server.dataFolder + "/messenger.sqlite", 0o600),
                (server.dataFolder + "/messenger.sqlite-wal", 0o600),
            ] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(path)")
            }
            #expect(server.log.contains("self-signed"))
        }
    }

    @Test func `A second start on the same data is refused, and leaves the first alone`() async throws {
        try await ServerProcess.run { first in
            let refusal = try await refusal(folder: first.folder)
            #expect(refusal.contains("another messenger-server is using the data folder \(first.dataFolder)"))
            #expect(first.isRunning)
            #expect(try await TestClient(first.url).call("GET", "/api/health/").status == 200)
        }
    }

    @Test func `A port in use is refused by name`() async throws {
        try await ServerProcess.run { first in
            let port = try #require(first.url.split(separator: ":").last.flatMap { Int($0) })
            let refusal = try await refusal(folder: TemporaryFolder(), port: port)
            #expect(refusal.contains("cannot listen on 127.0.0.1:\(port)") && refusal.contains("--port"))
        }
    }

    @Test func `A database from the future is refused`() async throws {
        let folder = try TemporaryFolder()
        try await ServerProcess.run(folder: folder) { _ = try await $0.terminate() }
        let path = folder.path + "/data/messenger.sqlite"
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999 from the future')") }
        try queue.close()

        let refusal = try await refusal(folder: folder)
        #expect(refusal.contains(path) && refusal.contains("newer messenger-server"))
        let check = try await ServerBinary.run(
            ["check", "--port", "0", "--data-dir", folder.path + "/data", "--cert-dir", folder.path + "/cert"])
        #expect(check.code == 1 && check.standard.contains("newer messenger-server"))
    }

    @Test func `A damaged database is refused`() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/data", withIntermediateDirectories: true)
        try String(repeating: "not a database ", count: 1_000)
            .write(toFile: folder.path + "/data/messenger.sqlite", atomically: true, encoding: .utf8)
        #expect(try await refusal(folder: folder).contains("messenger.sqlite cannot be opened"))
    }

    @Test(arguments: [("certificate.pem", "private_key.pem"), ("private_key.pem", "certificate.pem")])
    func `One half of a certificate is refused, and the other half not made`(present: String, missing: String) async throws {
        let folder = try TemporaryFolder()
        try await ServerProcess.run(folder: folder) { _ = try await $0.terminate() }
        try FileManager.default.removeItem(atPath: folder.path + "/cert/" + missing)
        let refusal = try await refusal(folder: folder)
        #expect(refusal.contains(present) && refusal.contains(missing))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/cert/" + missing))
    }

    @Test(arguments: [true, false])
    func `SIGTERM tells an open stream that it closes, and ends with 0 within ten seconds`(http1: Bool) async throws {
        try await ServerProcess.run { server in
            let client = TestClient(server.url, http1Only: http1)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                let first = try await events.next()
                #expect(first?.name == "caught-up")
                async let end = server.terminate()
                let last = try await events.next()
                #expect(last?.name == "closing")
                let nothing = try await events.next()
                #expect(nothing == nil)
                let (code, time) = try await end
                #expect(code == 0 && time < .seconds(10), "\(code) after \(time)")
            }
            #expect(server.log.contains(" NOTICE Stopped\n"))
        }
    }

    @Test func `After SIGTERM everything is there again at the next start`() async throws {
        try await ServerProcess.run(port: LoopbackPorts.free()) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            #expect(try await ann.send("hi", to: ann.id).status == 200)
            #expect(try await server.terminate().code == 0)
            try await server.start()
            #expect(try await ann.fetch().messages.map(\.text) == ["hi"])
        }
    }
}

import Foundation
import Glibc
import TestSupport
import Testing

/// What script/cluster promises about the processes, with a listener and a sender that only seem to be ones.
@Suite(.timeLimit(.minutes(5)))
struct ClusterScriptTests {
    private static let names = ["listener-1", "listener-2", "nginx", "postgres", "rabbitmq", "sender-1"]

    private let folder: TemporaryFolder
    private let binary: String

    init() throws {
        folder = try TemporaryFolder()
        binary = try FakeServer.make(in: folder)
    }

    @Test func `What dies is started again, and commands do what they say`() async throws {
        let flags = ["--senders", "1", "--", "--registration", "closed", "--callback-allow", "127.0.0.0/8"]
        try await ClusterProcess.run(binary: binary, flags) { cluster in
            let first = try cluster.processes
            #expect(first.keys.sorted() == Self.names)
            let listener = ClusterProcess.commandLine(first["listener-1"] ?? 0)
            #expect(listener.contains("--registration closed --callback-allow 127.0.0.0/8"))
            let sender = ClusterProcess.commandLine(first["sender-1"] ?? 0)
            #expect(sender.contains("--callback-allow=127.0.0.0/8") && !sender.contains("--registration"))

            for name in Self.names { kill(try #require(first[name]), SIGKILL) }
            try await eventually("all run again", within: .seconds(60)) {
                let now = try cluster.processes
                return now.count == first.count && now.allSatisfy { first[$0.key] != $0.value }
            }

            #expect(try await cluster.command("stop", "sender-1").code == 0)
            #expect(try cluster.processes["sender-1"] == nil)
            #expect(try await cluster.command("status").standard.contains("sender-1     -        stopped"))
            #expect(try await cluster.command("start", "sender-1", "nginx").code == 0)
            let second = try cluster.processes
            #expect(second.keys.sorted() == Self.names)
            #expect(try await cluster.command("restart", "listeners").code == 0)
            let third = try cluster.processes
            let restarted = Self.names.filter { second[$0] != third[$0] }
            #expect(restarted == ["listener-1", "listener-2"])
            #expect(try await cluster.command("restart", "nginx").code == 0)
            #expect(try cluster.processes["nginx"] == third["nginx"])

            let unknown = try await cluster.command("stop", "listener-3")
            #expect(unknown.code == 1 && unknown.error.contains("there is no process listener-3"))
            let twice = try await cluster.command("up", "--binary", binary)
            #expect(twice.code == 1 && twice.error.contains("a cluster is running in"))
        }
    }

    @Test func `A signal ends everything, kill -9 too, and the data stays`() async throws {
        try await ClusterProcess.run(binary: binary, ["--senders", "1"], isStarted: false) { cluster in
            try await cluster.launch()
            try await eventually("PostgreSQL is starting", within: .seconds(60)) {
                (try? cluster.processes["postgres"]) != nil
            }
            let early = try await cluster.terminate()
            #expect(early.code == 0 && early.time < .seconds(20))
            #expect(cluster.leftovers == [])
            #expect(try cluster.processes.isEmpty)

            try await cluster.start()
            let settings = try String(contentsOfFile: cluster.directory + "/messenger.json", encoding: .utf8)
            let passwords = settings.split(whereSeparator: { ":@".contains($0) }).filter { $0.count == 48 }
            #expect(passwords.count == 2)
            let commands = try cluster.processes.values.map { ClusterProcess.commandLine($0) }
            #expect(!commands.contains { command in passwords.contains { command.contains($0) } })
            kill(try #require(try cluster.processes["sender-1"]), SIGSTOP)
            cluster.signal(SIGKILL)
            try await eventually("all ended") { cluster.leftovers == [] }

            try await cluster.start()
            let again = try String(contentsOfFile: cluster.directory + "/messenger.json", encoding: .utf8)
            #expect(passwords.allSatisfy { again.contains($0) })
            kill(try #require(try cluster.processes["sender-1"]), SIGSTOP)
            cluster.signal(SIGTERM)
            let late = try await cluster.terminate()
            #expect(late.code == 0 && late.time < .seconds(20))
            #expect(cluster.leftovers == [])
        }
    }

    @Test func `It says what to do when it cannot start`() async throws {
        let occupied = try await ChildProcess.run(
            "/usr/bin/env",
            [
                "python3", "-c",
                """
                import socket, subprocess, sys
                with socket.create_server(("127.0.0.1", 0)) as taken:
                    sys.exit(subprocess.call([*sys.argv[1:], "--port", str(taken.getsockname()[1])]))
                """, ClusterProcess.script, "up", "--binary", binary,
            ])
        #expect(occupied.code == 1 && occupied.error.contains("is in use; stop what uses it, or choose another --port"))
        let nothing = try await ChildProcess.run(ClusterProcess.script, ["stop", "all", "--dir", folder.path])
        #expect(nothing.code == 1 && nothing.error.contains("no cluster runs in \(folder.path)"))
        let half = folder.url.appending(path: "half/cert")
        try FileManager.default.createDirectory(at: half, withIntermediateDirectories: true)
        try Data().write(to: half.appending(path: "certificate.pem"))
        let certificate = try await ChildProcess.run(
            ClusterProcess.script, ["up", "--port", "0", "--dir", folder.path + "/half", "--binary", binary])
        #expect(certificate.code == 1 && certificate.error.contains("only one is there"))
    }
}

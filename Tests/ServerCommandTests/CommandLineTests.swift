import Foundation
import TestSupport
import Testing

/// The subcommands beside `serve`, on the real program.
@Suite(.timeLimit(.minutes(5)))
struct CommandLineTests {
    @Test(arguments: [
        "serve", "check", "admin", "admin mint-sessions", "admin invite", "admin users", "admin sessions", "admin statistics",
        "admin rotate-log-key",
    ])
    func `Help shows an example with flags that there are`(subcommand: String) async throws {
        let help = try await ServerBinary.run(subcommand.split(separator: " ").map(String.init) + ["--help"])
        #expect(help.code == 0)
        let example = try #require(help.standard.range(of: "Example:"), "\(help.standard)")
        let line = try #require(
            help.standard[example.upperBound...].split(separator: "\n").first { $0.contains("messenger-server") })
        #expect(line.contains("messenger-server \(subcommand)"))
        for flag in line.split(separator: " ").filter({ $0.hasPrefix("--") }) {
            #expect(help.standard.contains("  \(flag)"), "\(flag)")
        }
    }

    @Test func `Help without a subcommand says where to begin`() async throws {
        let help = try await ServerBinary.run(["--help"])
        #expect(help.code == 0 && help.standard.contains("messenger-server serve"))
    }

    @Test func `An unknown flag or subcommand is refused by name`() async throws {
        let flag = try await ServerBinary.run(["serve", "--prot", "1"])
        #expect(flag.code != 0 && flag.error.contains("--prot"))
        let subcommand = try await ServerBinary.run(["server"])
        #expect(subcommand.code != 0 && subcommand.error.contains("server"))
    }

    @Test func `A bad setting is refused by name, from the flags and from the environment`() async throws {
        let flag = try await ServerBinary.run(["serve", "--port", "x"])
        #expect(flag.code == 1 && flag.error == "Error: port: \"x\" is not a number from 0 to 65535\n")
        let variable = try await ServerBinary.run(["serve"], environment: ["MESSENGER_RATE_LIMIT": "much"])
        #expect(variable.code == 1 && variable.error.hasPrefix("Error: rate-limit: \"much\" is not a number"))
    }

    @Test func `Check finds nothing wrong before the first start, and changes nothing`() async throws {
        let folder = try TemporaryFolder()
        let check = try await ServerBinary.run(["check", "--port", "\(LoopbackPorts.free())"], folder: folder.url)
        #expect(check.code == 0 && !check.standard.contains("wrong"), "\(check.standard)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test func `Check finds nothing wrong with a stopped installation`() async throws {
        try await ServerProcess.run { server in
            _ = try await server.terminate()
            let check = try await ServerBinary.run(["check", "--port", "0"] + server.folders)
            #expect(check.code == 0 && !check.standard.contains("wrong"), "\(check.standard)")
            #expect(check.standard.contains("ok     database") && check.standard.contains("ok     certificate"))
        }
    }

    @Test func `Check names a port in use and says what to do`() async throws {
        try await ServerProcess.run { server in
            let port = try #require(server.url.split(separator: ":").last)
            let check = try await ServerBinary.run(["check", "--host", "127.0.0.1", "--port", "\(port)"] + server.folders)
            #expect(check.code == 1)
            let line = check.standard.split(separator: "\n").first { $0.hasPrefix("wrong") }
            #expect(line?.contains("port: 127.0.0.1:\(port) cannot be used") == true, "\(check.standard)")
            #expect(line?.contains("choose another --port") == true)
        }
    }

    @Test func `Check names a certificate that is none`() async throws {
        let folder = try TemporaryFolder()
        for name in ["certificate.pem", "private_key.pem"] {
            try "not a certificate".write(toFile: folder.path + "/" + name, atomically: true, encoding: .utf8)
        }
        let check = try await ServerBinary.run(["check", "--port", "0", "--cert-dir", folder.path], folder: folder.url)
        #expect(check.code == 1)
        #expect(check.standard.contains("wrong  certificate: \(folder.path)/certificate.pem"), "\(check.standard)")
    }

    @Test func `Check names a bad setting and a data folder that is a file`() async throws {
        let folder = try TemporaryFolder()
        let setting = try await ServerBinary.run(["check", "--message-ttl", "soon"], folder: folder.url)
        #expect(setting.code == 1 && setting.standard.contains("wrong  configuration: message-ttl"))
        try "".write(toFile: folder.path + "/data", atomically: true, encoding: .utf8)
        let file = try await ServerBinary.run(["check", "--port", "0"], folder: folder.url)
        #expect(file.code == 1 && file.standard.contains("wrong  data folder: data is a file"), "\(file.standard)")
    }

    @Test func `Sessions minted while the server runs work`() async throws {
        try await ServerProcess.run { server in
            let minted = try await ServerBinary.run(
                ["admin", "mint-sessions", "--count", "3", "--data-dir", server.dataFolder])
            #expect(minted.code == 0, "\(minted.error)")
            struct Session: Decodable {
                let user_id: Int64
                let username: String
                let device_id: Int64
                let token: String
            }
            let sessions = try minted.standard.split(separator: "\n").map {
                try JSONDecoder().decode(Session.self, from: Data($0.utf8))
            }
            #expect(Set(sessions.map(\.user_id)).count == 3 && Set(sessions.map(\.token)).count == 3)
            let client = TestClient(server.url)
            for sender in sessions {
                let fields: [String: any Sendable] = [
                    "messages": sessions.map { ["receiver_id": $0.user_id, "message": "hi"] as [String: any Sendable] },
                    "send_date": "2026-01-02 03:04:05",
                ]
                let answer = try await client.post("/api/messages/", fields, token: sender.token)
                #expect(answer.status == 200, "\(answer.text)")
            }
            for receiver in sessions {
                let answer = try await client.call("GET", "/api/messages/", token: receiver.token)
                #expect((answer.json["messages"] as? [any Sendable])?.count == 3)
            }
            let login = try await client.post(
                "/api/login/",
                ["username": sessions[0].username, "password": "!", "user_address": "", "public_key": ""])
            #expect(login.status == 401)
        }
    }

    @Test func `An invitation made while the server runs lets one user in`() async throws {
        try await ServerProcess.run(["--registration", "invite"]) { server in
            let invite = try await ServerBinary.run(["admin", "invite", "--data-dir", server.dataFolder])
            let code = invite.standard.split(separator: "\n").joined()
            let client = TestClient(server.url)
            func register(_ name: String, _ invitation: String?) async throws -> Int {
                var fields = ["username": name, "phone_number": "+1 555 \(name)", "password": TestUser.password]
                fields["invitation"] = invitation
                return try await client.post("/api/users/", fields).status
            }
            #expect(try await register("ann", nil) == 403)
            #expect(try await register("ann", code) == 201)
            #expect(try await register("bob", code) == 403)
        }
    }

    @Test func `Sessions are listed while they live`() async throws {
        try await ServerProcess.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            let bob = try await TestUser.make(on: client, name: "bob", address: "http://127.0.0.1:65000/")
            let list = ["admin", "sessions", "--data-dir", server.dataFolder]
            let both = try await ServerBinary.run(list).standard.split(separator: "\n")
            #expect(both.count == 2)
            #expect(
                both.first?.hasPrefix("\(ann.device)\t\(ann.id)\t2") == true && both.first?.hasSuffix("Z\tfetched\tann") == true)
            #expect(both.last?.hasSuffix("Z\tpushed\tbob") == true)
            #expect(try await client.post("/api/logout/", ["username": "ann"], token: ann.token).status == 200)
            #expect(try await ServerBinary.run(list).standard.contains("\tbob\n"))
            #expect(try await ServerBinary.run(list + ["--user", "\(ann.id)"]).standard.isEmpty)
            #expect(try await ServerBinary.run(list + ["--user", "\(bob.id)"]).standard.contains("\tbob\n"))
        }
    }

    @Test func `The log's key changes while the server runs`() async throws {
        try await ServerProcess.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client, name: "ann")
            func keys() async throws -> TestClient.Answer { try await client.call("GET", "/api/log/keys/", token: ann.token) }
            let before = try await keys()
            let rotated = try await ServerBinary.run(["admin", "rotate-log-key", "--data-dir", server.dataFolder])
            let after = try await keys()
            let first = before.json["key"] as? String
            #expect(rotated.standard == "\(after.json["key"] as? String ?? "")\n" && after.json["key"] as? String != first)
            #expect(after.json["first"] as? String == first)
            #expect((after.json["introductions"] as? [[String: any Sendable]])?.count == 1)
        }
    }

    @Test func `Users and statistics count, and need an installation`() async throws {
        try await ServerProcess.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url), name: "ann")
            #expect(try await ann.send("hi", to: ann.id).status == 200)
            let users = try await ServerBinary.run(["admin", "users", "--data-dir", server.dataFolder])
            #expect(users.standard == "\(ann.id)\t1\t1\tann\n")
            let statistics = try await ServerBinary.run(["admin", "statistics", "--data-dir", server.dataFolder])
            #expect(statistics.standard.contains("users     1\n") && statistics.standard.contains("messages  1 (2 bytes)"))
        }
        let folder = try TemporaryFolder()
        let nothing = try await ServerBinary.run(["admin", "users"], folder: folder.url)
        #expect(nothing.code == 1 && nothing.error.contains("--data-dir"), "\(nothing.error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }
}

import Foundation
import Glibc
import TestSupport
import Testing

/// deploy/nginx.conf, as script/cluster runs it: what nginx itself decides.
@Suite(.timeLimit(.minutes(5)))
struct ProxyTests {
    /// As many requests at once as the configuration allows a client.
    private static let burst = 1_000
    private static let passwordBurst = 100

    private let folder: TemporaryFolder
    private let binary: String

    init() throws {
        folder = try TemporaryFolder()
        binary = try FakeServer.make(in: folder)
    }

    @Test func `nginx speaks modern TLS, says who asks, and holds no stream back`() async throws {
        try await ClusterProcess.run(binary: binary, ["--senders", "1", "--rate-limit", "0"]) { cluster in
            let url = cluster.url
            for (version, answers) in [("1.0", false), ("1.1", false), ("1.2", true), ("1.3", true)] {
                let code = try await curl("--tlsv\(version)", "--tls-max", version, "\(url)/health/").code
                #expect((code == 0) == answers, "TLS \(version)")
            }
            let claims = ["-H", "X-Forwarded-For: 192.0.2.1", "-H", "Forwarded: for=192.0.2.1"]
            for protocolFlag in ["--http1.1", "--http2"] {
                let seen = try await curl([protocolFlag, "\(url)/api/x%2Fy/?a=%20b"] + claims).standard
                #expect(seen.contains("GET /api/x%2Fy/?a=%20b HTTP/1.1\n"))
                #expect(seen.contains("Host: \(url.dropFirst("https://".count))\n"))
                #expect(seen.contains("X-Forwarded-For: 127.0.0.1\n") && seen.contains("X-Forwarded-Proto: https\n"))
                #expect(!seen.contains("192.0.2.1"))
            }

            let stream = try await ChildProcess.start(
                "/usr/bin/curl", ["-skN", "-H", "Accept: text/event-stream", "\(url)/api/messages/?after=3"],
                folder: folder.url, output: folder.path + "/stream", error: folder.path + "/stream-errors")
            defer { stream.signal(SIGKILL) }
            try await eventually("an event of a stream that goes on") {
                (try? String(contentsOfFile: folder.path + "/stream", encoding: .utf8)) == "event: caught-up\n\n"
            }
            #expect(stream.isRunning)
            try await expectOwnErrors(url)

            #expect(try await cluster.command("stop", "listener-1").code == 0)
            for _ in 1...10 { #expect(try await curl("-f", "-d", "x", "\(url)/api/messages/").code == 0) }
            #expect(try await cluster.command("stop", "listener-2").code == 0)
            let away = try await curl("-i", "\(url)/api/users/").standard.lowercased()
            #expect(away.hasPrefix("http/2 503") && away.contains("\r\nretry-after: 1\r\n"))
            #expect(away.hasSuffix("\r\n\r\nservice unavailable, try again."))
        }
    }

    /// Errors of nginx's own have the server's words.
    private func expectOwnErrors(_ url: String) async throws {
        let body = folder.path + "/body"
        try Data(count: 8 << 20 | 1).write(to: URL(filePath: body))
        let long = String(repeating: "a", count: 20_000)
        let cases: [(flags: [String], status: String, text: String)] = [
            (["--data-binary", "@\(body)", "\(url)/api/messages/"], "413", "Request body too large."),
            (["--http1.1", "\(url)/\(long)"], "414", "URL too long."),
            (["-H", "A: \(long)", "--http1.1", "\(url)/"], "431", "Request headers too large."),
            (["--http1.1", "-X", "TRACE", "\(url)/"], "405", "Method not allowed."),
            (["\(url.replacing("https", with: "http"))/"], "400", "Bad request."),
            (["\(url)/-/stream"], "404", "Not found."),
        ]
        for (flags, status, text) in cases {
            let answer = try await curl(["-w", " %{http_code} %{content_type}"] + flags).standard
            #expect(answer == "\(text) \(status) text/plain; charset=utf-8")
        }
        let problem = try await curl(
            "--data-binary", "@\(body)", "-H", "Accept: application/problem+json", "-w", " %{content_type}",
            "\(url)/api/messages/")
        #expect(
            problem.standard == #"{"detail":"Request body too large.","status":413,"title":"Content Too Large","#
                + #""type":"body-too-large"} application/problem+json"#)
    }

    @Test func `nginx holds each client to its requests, and to fewer logins and registrations`() async throws {
        try await ClusterProcess.run(binary: binary, ["--senders", "1", "--rate-limit", "1"]) { cluster in
            let url = cluster.url
            for path in ["login", "users"] {
                let logins = try await statuses("-d", "x", "\(url)/api/\(path)/?[1-\(Self.passwordBurst + 30)]")
                #expect((Self.passwordBurst...Self.passwordBurst + 25).contains(logins["200"] ?? 0), "\(path): \(logins)")
                #expect(logins.keys.sorted() == ["200", "429"])
            }
            #expect(try await statuses("\(url)/api/users/?[1-50]") == ["200": 50])

            let requests = try await statuses("\(url)/api/messages/?[1-\(Self.burst)]")
            #expect(requests.keys.sorted() == ["200", "429"])
            // Each second makes room for 100 more, so not all of these are refused.
            let refused = try await curl("-i", "\(url)/api/messages/?[1-150]").standard.lowercased()
            #expect(refused.contains("http/2 429") && refused.contains("\r\nretry-after: 1\r\n"))
            #expect(refused.contains("\r\n\r\ntoo many requests."))
            let stream = try await curl(
                "-Z", "-H", "Accept: text/event-stream, application/json", "\(url)/api/messages/?brief=[1-150]").standard
            #expect(stream.contains(#""status":429,"#))
            #expect(try await statuses("\(url)/api/health/?[1-20]", "\(url)/health?[1-20]") == ["200": 40])
        }
    }

    private func curl(_ flags: String...) async throws -> ChildProcess.Output { try await curl(flags) }

    private func curl(_ flags: [String]) async throws -> ChildProcess.Output {
        try await ChildProcess.run("/usr/bin/curl", ["-sk"] + flags)
    }

    /// How often each status came, for URLs with ranges such as `[1-9]`.
    private func statuses(_ flags: String...) async throws -> [String: Int] {
        let output = try await curl(["-w", "\n%{http_code}\n"] + flags).standard
        let codes = output.split(separator: "\n").map(String.init).filter { $0.count == 3 && Int($0) != nil }
        return codes.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}

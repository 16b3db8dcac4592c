import Foundation
import MessengerCore
import TestSupport
import Testing

@Suite("Connections", .timeLimit(.minutes(1)))
struct ConnectionTests {
    private static let get = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(
        "A client that takes more than 10 s over a request is closed",
        arguments: [
            "", "GET /hea", "GET /health HTTP/1.1\r\nHost: a\r\n",
            "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{",
            "POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        ])
    func slowRequest(start: String) async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            let begin = ContinuousClock.now
            try await connection.send(start)
            try await eventually("the end", within: .seconds(30)) { connection.isClosed }
            // The server's own timers: a little early is rounding.
            #expect(ContinuousClock.now - begin > .seconds(9.5))
        }
    }

    @Test("A kept connection's next request has 10 s as well; without one it may stay idle for longer")
    func slowSecondRequest() async throws {
        try await TestServer.run { server in
            let idle = try await RawConnection(port: server.port)
            let slow = try await RawConnection(port: server.port)
            for connection in [idle, slow] {
                try await connection.send(Self.get)
                try await eventually("the answer") { connection.text.hasSuffix("OK") }
            }
            let begin = ContinuousClock.now
            try await slow.send("GET /hea")
            try await eventually("the end", within: .seconds(30)) { slow.isClosed }
            #expect(ContinuousClock.now - begin > .seconds(9.5))
            #expect(!idle.isClosed)
        }
    }

    @Test("A TLS handshake that never comes is closed")
    func silentTLS() async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let connection = try await RawConnection(port: server.port)
            try await eventually("the end", within: .seconds(30)) { connection.isClosed }
        }
    }

    @Test("A live stream is not a slow request")
    func stream() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            let silent = try await RawConnection(port: server.port)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                try await eventually("a silent connection is closed", within: .seconds(30)) { silent.isClosed }
                #expect(try await ann.send("still live", to: ann.id).status == 200)
                let event = try await events.next()
                #expect(event?.message?.message == "still live")
            }
        }
    }

    @Test("Requests on one connection are answered in order, also when they come together")
    func pipelining() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            let login = "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
            try await connection.send(Self.get + login + Self.get)
            try await eventually("three answers") { connection.text.split(separator: "HTTP/1.1 ").count == 3 }
            let statuses = connection.text.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
            #expect(statuses == ["200", "400", "200"])
            #expect(!connection.isClosed)
        }
    }

    @Test("A client that has closed its side still gets its answer")
    func halfClosed() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send("POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
            try await connection.finish()
            try await eventually("the answer") { connection.text.hasSuffix("Validation error.") }
            try await eventually("the end") { connection.isClosed }
        }
    }

    @Test("A client that waits for a word before its body gets one")
    func expectContinue() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(
                "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            try await eventually("the word") { connection.text == "HTTP/1.1 100 Continue\r\n\r\n" }
            try await connection.send("{}")
            try await eventually("the answer") { connection.text.hasSuffix("Validation error.") }
        }
    }

    @Test("Behind a proxy, an idle connection's last request is answered after the server was told to stop")
    func farewell() async throws {
        let idle = AsyncStream.makeStream(of: (RawConnection, port: Int).self)
        async let answer = {
            guard let (connection, port) = await idle.stream.first(where: { _ in true }) else { return "" }
            try await eventually("the port closes") { (try? await RawConnection(port: port)) == nil }
            try await connection.send(Self.get)
            try await eventually("the end") { connection.isClosed }
            return connection.text
        }()
        try await TestServer.run({ $0.settings.trustedProxies = [IPRange("127.0.0.1")!] }) { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(Self.get)
            try await eventually("the first answer") { connection.text.hasSuffix("OK") }
            idle.continuation.yield((connection, port: server.port))
        }
        let answers = try await answer.components(separatedBy: "HTTP/1.1 ").dropFirst()
        #expect(answers.count == 2)
        #expect(answers.last?.hasPrefix("200") == true)
        #expect(answers.last?.lowercased().contains("connection: close") == true)
        #expect(answers.first?.lowercased().contains("connection: close") == false)
    }

    @Test("Connections that come just when the server stops do no harm")
    func lateConnections() async throws {
        for _ in 1...25 {
            let ports = AsyncStream.makeStream(of: Int.self)
            async let refused: Void = {
                guard let port = await ports.stream.first(where: { _ in true }) else { return }
                try await eventually("the port closes") { (try? await RawConnection(port: port)) == nil }
            }()
            // Behind a proxy connections are not closed at once then.
            try await TestServer.run({ $0.settings.trustedProxies = [IPRange("127.0.0.1")!] }) { server in
                let first = try await RawConnection(port: server.port)
                try await first.send(Self.get)
                try await eventually("an answer") { first.text.hasSuffix("OK") }
                ports.continuation.yield(server.port)
            }
            try await refused
        }
    }

    @Test("Connections beyond the limit are refused; an ended one makes room")
    func limit() async throws {
        try await TestServer.run({ $0.settings.maximumConnections = 2 }) { server in
            var kept: [RawConnection] = []
            for _ in 1...2 {
                let connection = try await RawConnection(port: server.port)
                try await connection.send(Self.get)
                try await eventually("the answer") { connection.text.hasSuffix("OK") }
                kept.append(connection)
            }
            let refused = try await RawConnection(port: server.port)
            try await eventually("refused") { refused.isClosed }
            #expect(refused.bytes.isEmpty)
            #expect(kept.allSatisfy { !$0.isClosed })
            try await kept[0].close()
            try await eventually("there is room") {
                let connection = try await RawConnection(port: server.port)
                try? await connection.send(Self.get)
                try await eventually("an answer or none") { connection.isClosed || connection.text.hasSuffix("OK") }
                return connection.text.hasSuffix("OK")
            }
        }
    }
}

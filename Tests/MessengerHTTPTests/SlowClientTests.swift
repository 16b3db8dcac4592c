import TestSupport
import Testing

/// Clients that take their time, with the server's own patience shortened; `ConnectionTests` has it at full length.
@Suite("Slow clients", .timeLimit(.minutes(1)))
struct SlowClientTests {
    private static let patience = Duration.seconds(1)
    /// Between two bytes: short enough that a patience counted anew with each byte would never end.
    private static let drip = Duration.milliseconds(50)

    private static func run(_ body: @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run(
            {
                $0.substitutes.connectionTimes.head = patience
                $0.substitutes.connectionTimes.body = patience
                $0.substitutes.connectionTimes.stall = patience
            }, body)
    }

    private static func drip(_ text: String, to connection: RawConnection, pause: Duration = drip) async {
        for character in text where !connection.isClosed {
            try? await connection.send(String(character))
            try? await Task.sleep(for: pause)
        }
    }

    @Test(
        "Bytes that keep coming do not lengthen the time for a head or a body",
        arguments: [
            "", "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n",
            "POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /",
        ])
    func dripping(start: String) async throws {
        try await Self.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(start)
            let begin = ContinuousClock.now
            let rest =
                start.contains("chunked") ? String(repeating: "1\r\nx\r\n", count: 100) : String(repeating: "G", count: 600)
            await Self.drip(start.hasSuffix("\r\n\r\n") && start.contains("GET") ? "GET /" + rest : rest, to: connection)
            #expect(connection.isClosed)
            #expect(ContinuousClock.now - begin < .seconds(20), "long before all of it was sent")
        }
    }

    @Test("A request that comes slowly but in time is answered, one after the other")
    func inTime() async throws {
        try await Self.run { server in
            let connection = try await RawConnection(port: server.port)
            for count in 1...4 {
                try await connection.send("POST /api/login HTTP/1.1\r\nHost: a\r\n")
                try await Task.sleep(for: Self.patience / 4)
                try await connection.send("Content-Length: 2\r\n\r\n{")
                try await Task.sleep(for: Self.patience / 4)
                try await connection.send("}")
                try await eventually("answer \(count)") {
                    connection.text.split(separator: "Validation error.", omittingEmptySubsequences: false).count == count + 1
                }
            }
            #expect(!connection.isClosed)
        }
    }

    @Test("A part of a next request in the packet of the one before has no longer than another", arguments: [false, true])
    func partOfNext(isSend: Bool) async throws {
        try await Self.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let connection = try await RawConnection(port: server.port)
            let body =
                #"{"message":"x","sender_id":\#(ann.id),"sender_username":"\#(ann.name)","receiver_id":1,"send_date":"2026-01-02"}"#
            let send = """
                POST /api/messages/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ann.token)\r\n\
                Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
                """
            try await connection.send((isSend ? send : "GET /health HTTP/1.1\r\nHost: a\r\n\r\n") + "GET /hea")
            try await eventually("the end") { connection.isClosed }
            #expect(connection.text.hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test("A reader of a stream that takes nothing is closed; one that takes little is not", arguments: [false, true])
    func stalledStream(takesLittle: Bool) async throws {
        try await Self.run { server in
            // Pushes pause while the device has a stream: the first one tells that the server has given it up.
            try await CallbackSink.run(answer: { _, _ in .internalServerError }) { sink in
                let ann = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                let connection = try await RawConnection(port: server.port, reads: false)
                try await connection.send(
                    "GET /api/messages/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ann.token)\r\nAccept: text/event-stream\r\n\r\n"
                )
                try await eventually("the stream begins") {
                    connection.readOnce()
                    return connection.text.contains("event: caught-up")
                }
                let (count, text) = (40, String(repeating: "x", count: 200_000))
                for _ in 1...count { #expect(try await ann.send(text, to: ann.id).status == 200) }
                if takesLittle {
                    try await eventually("all has come") {
                        connection.readOnce()
                        return connection.bytes.count > count * text.utf8.count
                    }
                    #expect(!connection.isClosed)
                    #expect(sink.pushes.isEmpty)
                } else {
                    try await eventually("the server has given the stream up") { !sink.pushes.isEmpty }
                    try await connection.read()
                    try await eventually("the end") { connection.isClosed }
                    #expect(connection.bytes.count < count * text.utf8.count)
                }
            }
        }
    }
}

import MessengerCore
import NIOCore
import Synchronization
import TestSupport
import Testing

@Suite("Callback addresses that misbehave", .timeLimit(.minutes(1)))
struct CallbackAnswerTests {
    /// Runs a server with one user whose messages go to the sink; tells how many pushes failed.
    private func run(
        autoRead: Bool = true, receiveBuffer: Int? = nil, _ reaction: @escaping RawSink.Reaction,
        _ body: @Sendable (TestUser, RawSink, Counter) async throws -> Void
    ) async throws {
        let failures = Counter()
        try await TestServer.run({ $0.watchCallbackFailures { _ in failures.add(1) } }) { server in
            try await RawSink.run(autoRead: autoRead, receiveBuffer: receiveBuffer, reaction) { sink in
                try await body(TestUser.make(on: TestClient(server.url), address: sink.address), sink, failures)
            }
        }
    }

    @Test(
        "A 2xx counts, whatever comes with it or after it",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 299 Whatever\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        ])
    func accepted(_ answer: String) async throws {
        try await run({ channel, moment in
            guard case .received(let bytes) = moment, String(buffer: bytes).hasSuffix("}") else { return }
            channel.say(answer)
            if answer.contains("1.0 ") || answer.contains("close") { channel.close(promise: nil) }
        }) { user, _, _ in
            for _ in 1...3 { #expect(try await user.send("x", to: user.id).status == 200) }
            try await eventually("all three are acknowledged") { try await user.fetch().next == 3 }
        }
    }

    @Test(
        "Anything else has failed, and its connection ends",
        arguments: [
            "hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nX\u{0}: y\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "",
        ])
    func failed(_ answer: String) async throws {
        try await run({ channel, moment in
            guard case .received(let bytes) = moment, String(buffer: bytes).hasSuffix("}") else { return }
            if answer.isEmpty { channel.close(promise: nil) } else { channel.say(answer) }
        }) { user, sink, failures in
            #expect(try await user.send("x", to: user.id).status == 200)
            try await eventually("failed") { failures.value >= 1 }
            try await eventually("the connection's end") { sink.ended >= 1 }
            #expect(try await user.fetch().next == 1)
            #expect(try await user.inbox().count == 1)
        }
    }

    @Test("An answer without an end is cut off; its status counts, if there was one", arguments: ["body", "head"])
    func endless(_ part: String) async throws {
        let sent = Counter()
        try await run({ channel, moment in
            switch moment {
            case .connected: return
            case .received:
                let head = "HTTP/1.1 200 OK\r\n" + (part == "body" ? "Transfer-Encoding: chunked\r\n\r\n" : "")
                channel.say(head)
            case .writable: break
            }
            let piece = part == "body" ? "1000\r\n" + String(repeating: "x", count: 4_096) + "\r\n" : "X: y\r\n"
            while channel.isWritable, channel.isActive {
                sent.add(piece.utf8.count)
                channel.say(String(repeating: piece, count: 10))
            }
        }) { user, sink, failures in
            #expect(try await user.send("x", to: user.id).status == 200)
            try await eventually("the connection's end") { sink.ended >= 1 }
            #expect(sent.value < 16 << 20, "what the system buffers, and little more")
            if part == "body" {
                try await eventually("acknowledged") { try await user.fetch().next == 1 }
            } else {
                try await eventually("failed") { failures.value >= 1 }
            }
        }
    }

    @Test("An answer before the body has been read counts, and the next message does not wait for the rest of it")
    func early() async throws {
        // Reads the first packet of each request, and never more.
        try await run(
            autoRead: false, receiveBuffer: 4_096,
            { channel, moment in
                switch moment {
                case .connected: channel.read()
                case .received: channel.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                case .writable: break
                }
            }
        ) { user, sink, failures in
            // More than the system holds for a reader that does not read.
            let list = (1...3).map { _ in String(repeating: "\u{1}", count: 256 << 10) }
            for text in list { #expect(try await user.send(text, to: user.id).status == 200) }
            try await eventually("all three are acknowledged") { try await user.fetch().next == 3 }
            #expect(failures.value == 0)
        }
    }

    @Test("An answer that comes before its request fails nothing but itself")
    func unasked() async throws {
        try await run({ channel, moment in
            switch moment {
            case .connected: channel.say("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            case .received(let bytes) where String(buffer: bytes).hasSuffix("}"):
                channel.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            default: break
            }
        }) { user, sink, _ in
            #expect(try await user.send("x", to: user.id).status == 200)
            try await eventually("an attempt") { sink.connections >= 1 }
            #expect(try await user.client.call("GET", "/health").status == 200)
        }
    }

    @Test("An address that answers 500 for a day gets everything, in order, when it is well again")
    func wellAfterADay() async throws {
        let time = TestTime()
        let isWell = Mutex(false)
        let failures = Counter()
        try await TestServer.run({
            $0.use(time)
            $0.watchCallbackFailures { _ in failures.add(1) }
        }) { server in
            try await CallbackSink.run(answer: { _, _ in isWell.withLock { $0 } ? .ok : .internalServerError }) { sink in
                let user = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                for number in 1...3 { #expect(try await user.send("\(number)", to: user.id).status == 200) }
                let start = time.now
                try await eventually("a day passes") {
                    time.advance(by: .minutes(5))
                    return time.now - start >= .hours(24)
                }
                #expect(Set(sink.numbers) == [1], "nothing overtakes")
                #expect((20..<300).contains(failures.value), "the pauses grow, but not beyond 15 minutes: \(failures.value)")
                isWell.withLock { $0 = true }
                try await eventually("all came") {
                    time.advance(by: .minutes(1))
                    return sink.numbers.suffix(3) == [1, 2, 3]
                }
                try await eventually("acknowledged") { try await user.fetch().next == 3 }
            }
        }
    }
}

import MessengerAPI
import Testing

@testable import MessengerClient

@Suite("How a stream is read and begun again", .timeLimit(.minutes(1)))
struct StreamRuleTests {
    private static let message = DeliveredMessage(
        messageID: MessageNumber(42), senderID: UserID(1), senderUsername: "ann", receiverID: UserID(2), message: "…",
        sendDate: "2026-01-02 03:04:05")

    @Test("Events are read however the stream is cut", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) throws {
        let json = String(decoding: Self.message.json, as: UTF8.self)
        let text =
            ": alive\n\nid: 42\nevent: message\ndata: \(json)\n\nevent: later\ndata: {}\n\nevent: gap\n"
            + "data: {\"from\":3,\"to\":5}\n\nevent: caught-up\ndata: {}\n\nevent: closing\ndata: {}\n\n"
        let bytes = Array(text.utf8)
        var parser = ServerEventParser()
        var events: [ServerEvent] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += try parser.take(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        let gap = Gap(from: MessageNumber(3), to: MessageNumber(5))
        #expect(events == [.message(Self.message), .gap(gap), .caughtUp, .closing])
    }

    @Test("What is no event of ours, or has no end, is refused")
    func broken() {
        var parser = ServerEventParser()
        #expect(throws: MessengerError.self) { try parser.take(Array("event: message\ndata: {}\n\n".utf8)) }
        var endless = ServerEventParser()
        #expect(throws: MessengerError.self) {
            for _ in 0...40 { _ = try endless.take(Array(repeating: UInt8(ascii: "x"), count: 65_536)) }
        }
    }

    @Test("After replaced and logged-out nothing is begun again")
    func terminal() {
        var resumption = StreamResumption()
        #expect(resumption.next(after: .replaced, random: 0) == .stop(.replaced))
        #expect(resumption.next(after: .loggedOut, random: 0) == .stop(.loggedOut))
        #expect(resumption.next(after: .disbelieved(.closed), random: 0) == .stop(.closed))
    }

    @Test("Pauses double up to a minute, vary by half, and begin anew once the stream works")
    func pauses() {
        var resumption = StreamResumption()
        #expect(resumption.next(after: .closed, random: 1) == .begin(after: .milliseconds(500)))
        #expect(resumption.next(after: .failed(), random: 0) == .begin(after: .milliseconds(500)))
        #expect(resumption.next(after: .failed(), random: 1) == .begin(after: .seconds(2)))
        for _ in 0..<100 { _ = resumption.next(after: .failed(), random: 0.5) }
        #expect(resumption.next(after: .failed(), random: 1) == .begin(after: .seconds(60)))
        #expect(resumption.next(after: .failed(retryAfter: .seconds(90)), random: 1) == .begin(after: .seconds(90)))
        resumption.succeeded()
        #expect(resumption.next(after: .closed, random: 1) == .begin(after: .milliseconds(500)))
    }

    @Test("Only a definite answer ends a message's time in the outbox")
    func decisions() {
        func decision(_ status: Int, _ type: String = "") -> OutboxDecision {
            OutboxDecision(
                APIFailure(
                    status: status, type: type, detail: "no", staleKeys: [StaleKeys(receiverID: UserID(2), keysVersion: .zero)]))
        }
        #expect(decision(409, "stale-keys") == .sealAnew([UserID(2)]))
        #expect(decision(503) == .repeat(after: .seconds(1)))
        #expect(decision(429) == .repeat(after: .seconds(1)))
        #expect(decision(500) == .repeat(after: .seconds(1)))
        #expect(decision(422) == .accepted)
        #expect(decision(400) == .refused("no"))
        #expect(decision(401, "invalid-token") == .loggedOut)
        #expect(decision(401, "sender-mismatch") == .refused("no"))
    }
}

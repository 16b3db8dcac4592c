import Foundation
import MessengerAPI
import TestSupport
import Testing

@testable import MessengerHTTP

/// What a client resumes a stream or a page from, bent at random.
@Suite("Bent numbers to resume from", .timeLimit(.minutes(10)))
struct ResumeFuzzTests {
    private static let seeds = ["0", "41", "9223372036854775807", "0000000000000000000000001", "1000"]
    private static let pieces = [
        "-", "+", ".", "e", "0x", " ", "\t", ",", "٣", "１", "\u{0}", "é", "%", "\u{301}", "99999999999999999999", "_", "'",
    ]

    @Test("A number is digits that fit, and anything else is refused by the name of its field")
    func parsing() {
        var random = SeededRandom(seed: 7)
        for round in 0..<Fuzz.rounds(20_000) {
            let text = Fuzz.bent(Self.seeds[round % Self.seeds.count], with: Self.pieces, using: &random)
            let digits = "0123456789".unicodeScalars
            let isNumber = !text.isEmpty && text.unicodeScalars.allSatisfy { digits.contains($0) }
            let expected = isNumber ? Decimal(string: text).flatMap { $0 <= Decimal(Int64.max) ? Int64(text) : nil } : nil
            let number = Self.number(text)
            #expect(number.value == expected, "\(text)")
            #expect((number.refusal == nil) == (expected != nil), "\(text)")
            #expect(number.refusal?.hasPrefix("after: ") != false, "\(text)")
            let limit = Self.limit(text)
            let isLimit = (1...1_000).contains(expected ?? 0)
            #expect(limit.value == (isLimit ? expected : nil), "\(text)")
            #expect(limit.refusal?.hasPrefix("limit: ") != isLimit, "\(text)")
        }
    }

    private static func number(_ text: String) -> (value: Int64?, refusal: String?) {
        do { return (try MessageRoutes.number("after", text)?.rawValue, nil) } catch { return (nil, error.detail) }
    }

    private static func limit(_ text: String) -> (value: Int64?, refusal: String?) {
        do { return (Int64(try MessageRoutes.limit(text)), nil) } catch { return (nil, error.detail) }
    }

    @Test("Over a socket it is a stream, 400 or 409, and never a fault of the server")
    func requests() async throws {
        try await TestServer.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            for _ in 1...50 { #expect(try await ann.send("x", to: ann.id).status == 200) }
            var random = SeededRandom(seed: 8)
            for round in 0..<Fuzz.rounds(150) {
                let text = Fuzz.bent(Self.seeds[round % Self.seeds.count], with: Self.pieces, using: &random)
                // What ends a line is another header's business.
                let value = text.filter { !"\r\n\u{0}".contains($0) }
                let query = round.isMultiple(of: 2) ? "" : "?after=" + Self.encoded(value)
                let header = round.isMultiple(of: 2) ? "Last-Event-ID: \(value)\r\n" : ""
                let connection = try await RawConnection(port: server.port)
                try await connection.send(
                    "GET /api/messages/\(query) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ann.token)\r\n"
                        + "Accept: text/event-stream\r\n\(header)\r\n")
                try await eventually("an answer to \(value.debugDescription)") { connection.text.contains("\r\n\r\n") }
                let status = connection.text.dropFirst("HTTP/1.1 ".count).prefix(3)
                #expect(["200", "400", "409"].contains(status), "\(value.debugDescription): \(status)")
                try? await connection.close()
            }
        }
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

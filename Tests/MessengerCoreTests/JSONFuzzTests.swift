import Foundation
import MessengerAPI
import TestSupport
import Testing

/// Bodies of sends, bent at random: what is taken must mean what a general decoder reads. Finds become cases.
/// `FUZZ_ROUNDS` sets how many.
@Suite("Bent JSON bodies", .timeLimit(.minutes(10)))
struct JSONFuzzTests {
    private struct Reference: Decodable {
        struct Item: Decodable {
            let receiver_id: Int64
            let message: String
        }

        let message: String?
        let sender_id: Int64?
        let sender_username: String?
        let receiver_id: Int64?
        let send_date: String?
        let client_message_id: String?
        let messages: [Item]?
    }

    private static let seeds = [
        #"{"message":"h\u00e9llo \ud83d\ude00 \n \"q\" é😀","sender_id":1,"sender_username":"ann","receiver_id":-2,"send_date":"2026-01-02 03:04:05"}"#,
        #"{"messages":[{"receiver_id":1,"message":"a"},{"receiver_id":2,"message":"b","x":[1.5,-2e3,null,true]}],"send_date":"d"}"#,
        #" { "client_message_id" : "k" , "message" : null, "deep":[[[[{"a":{}}]]]], "receiver_id": 9223372036854775807 } "#,
    ].map { Array($0.utf8) }

    private static let pieces =
        [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "9", "-", ".", "e", "null", "true", "\\u", "\\ud800", "\\udc00",
            "\u{0}", "\n",
            "\u{7f}", "é", #""message":"x","#, #""messages":[],"#, "1.0", "1e2", "99999999999999999999",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF]]

    @Test("A body that is taken reads the same with the general decoder")
    func agreement() throws {
        let rounds = Fuzz.rounds(20_000)
        var random = SeededRandom(seed: 20_261_123)
        var taken = 0
        for round in 0..<rounds {
            let body = Fuzz.bent(Self.seeds[round % Self.seeds.count], with: Self.pieces, using: &random)
            guard let request = try? body.withUnsafeBytes({ try SendRequest(json: $0) }) else {
                continue
            }
            taken += 1
            let text = String(decoding: body, as: UTF8.self)
            let reference = try #require(try? JSONDecoder().decode(Reference.self, from: Data(body)), "taken alone: \(text)")
            #expect(request.message == reference.message, "\(text)")
            #expect(request.senderID?.rawValue == reference.sender_id, "\(text)")
            #expect(request.senderUsername == reference.sender_username, "\(text)")
            #expect(request.receiverID?.rawValue == reference.receiver_id, "\(text)")
            #expect(request.sendDate == reference.send_date, "\(text)")
            #expect(request.clientMessageID == reference.client_message_id, "\(text)")
            #expect(request.messages?.map(\.message) == reference.messages?.map(\.message), "\(text)")
            #expect(request.messages?.map(\.receiverID.rawValue) == reference.messages?.map(\.receiver_id), "\(text)")
        }
        #expect(taken > rounds / 50, "the bending leaves enough that is taken: \(taken)")
    }
}

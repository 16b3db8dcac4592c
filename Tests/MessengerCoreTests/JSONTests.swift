import Foundation
import MessengerAPI
import TestSupport
import Testing

@Suite("JSON by hand", .timeLimit(.minutes(1)))
struct JSONTests {
    private func parse(_ bytes: [UInt8]) throws -> SendRequest { try bytes.withUnsafeBytes { try SendRequest(json: $0) } }

    private func validate(_ text: String) throws { try Array(text.utf8).withUnsafeBytes { try JSONScanner.validate($0) } }

    @Test("A name that comes twice is found among many")
    func manyNames() throws {
        let names = (0..<40).map { #""\#($0)":0"# }
        try validate("{" + names.joined(separator: ",") + "}")
        for name in ["0", "20", "39"] {
            #expect(throws: JSONError.nameTwice(name)) {
                try validate("{" + (names + [#""\#(name)":1"#]).joined(separator: ",") + "}")
            }
        }
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test(
        "What RFC 8259 allows is read",
        arguments: [
            "null", "true", " false ", "0", "-0", "10", "-1.5e+9", "1E400", #""""#, "[]", "{}", "\r\n\t [1 , 2]",
            #"{"a":{"a":[null]}}"#,
            #""\ud83d\ude00 \u0000 \/ \b\f\n\r\t\\\"""#, "\"\u{7f}é😀\"", #"{"a":1,"A":2,"é":3,"e\u0301":4}"#,
            String(repeating: "9", count: 400),
        ])
    func valid(_ text: String) throws {
        try validate(text)
    }

    @Test(
        "Nothing else is read",
        arguments: [
            ("", JSONError.syntax), ("nul", .syntax), ("nulls", .syntax), ("True", .syntax), ("01", .syntax), ("-", .syntax),
            ("+1", .syntax), ("1.", .syntax), (".5", .syntax), ("1e", .syntax), ("0x1", .syntax), ("NaN", .syntax),
            ("[1,]", .syntax), ("[,1]", .syntax), ("[1 2]", .syntax), ("{,}", .syntax), (#"{"a"}"#, .syntax),
            (#"{"a":}"#, .syntax),
            (#"{"a":1,}"#, .syntax), ("{a:1}", .syntax), ("[", .syntax), ("[]]", .syntax), ("{} {}", .syntax), ("'a'", .syntax),
            (#""a"#, .syntax), (#""\x""#, .syntax), (#""\u12""#, .syntax), (#""\u12g4""#, .syntax), ("\"\n\"", .syntax),
            ("\"\u{0}\"", .syntax), ("\u{feff}{}", .syntax), ("// \n1", .syntax), (#""\ud83d""#, .loneSurrogate(field: nil)),
            (#""\ude00""#, .loneSurrogate(field: nil)), (#""\ud83d\u0041""#, .loneSurrogate(field: nil)),
            (#""\ud83dx""#, .loneSurrogate(field: nil)),
            (#"{"a":1,"a":2}"#, .nameTwice("a")), (#"[{"a":1,"\u0061":2}]"#, .nameTwice("a")),
        ])
    func invalid(_ text: String, _ error: JSONError) {
        #expect(throws: error) { try validate(text) }
    }

    @Test(
        "Text that is not UTF-8 is refused, in values and in names",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xC3]])
    func notUTF8(_ bytes: [UInt8]) {
        for frame in [(#"{"x":""#, #""}"#), (#"{""#, #"":1}"#)] {
            #expect(throws: JSONError.notUTF8) {
                _ = try parse(Array(frame.0.utf8) + bytes + Array(frame.1.utf8))
            }
        }
    }

    @Test("Sixteen levels are read, seventeen are not")
    func depth() throws {
        try validate(nested(16))
        #expect(throws: JSONError.tooDeep) { try validate(nested(17)) }
        #expect(throws: JSONError.tooDeep) { try validate(String(repeating: "[", count: 1_000_000)) }
    }

    @Test(
        "A whole number has 64 bits and only digits",
        arguments: [
            ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("-0", 0), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("1.0", nil), ("1e2", nil), ("1.5", nil), (String(repeating: "9", count: 400), nil),
        ] as [(String, Int64?)])
    func integers(_ text: String, _ value: Int64?) throws {
        let body = Array(#"{"receiver_id":\#(text)}"#.utf8)
        if let value {
            #expect(try parse(body).receiverID?.rawValue == value)
        } else {
            #expect(throws: JSONError.wrongType(field: "receiver_id")) { _ = try parse(body) }
        }
    }

    @Test("The error names the field")
    func fields() {
        let cases: [(String, JSONError)] = [
            (#"{"message":1}"#, .wrongType(field: "message")), (#"{"messages":{}}"#, .wrongType(field: "messages")),
            (#"{"messages":[{"receiver_id":1,"message":"x"},{"receiver_id":"1"}]}"#, .wrongType(field: "messages.1.receiver_id")),
            (#"{"messages":[{"receiver_id":1}]}"#, .missing(field: "messages.0.message")),
            (#"{"messages":[{"message":""}]}"#, .missing(field: "messages.0.receiver_id")),
            (#"{"messages":[1]}"#, .wrongType(field: "messages.0")), ("[]", .notAnObject), ("1", .notAnObject),
        ]
        for (text, error) in cases {
            #expect(throws: error) { _ = try parse(Array(text.utf8)) }
        }
    }

    @Test("null is as if it were not there, unknown members are ignored")
    func absent() throws {
        let request = try parse(Array(#"{"message":null,"x":[{"y":1}],"messages":null,"receiver_id":null,"send_date":"d"}"#.utf8))
        #expect(request.message == nil && request.messages == nil && request.receiverID == nil && request.sendDate == "d")
    }

    @Test("What is written by hand is what the general encoder writes, to the byte")
    func writing() {
        var random = SeededRandom(seed: 7)
        let alphabet = (0..<0x30).map { Unicode.Scalar($0)! } + ["\"", "\\", "/", "a", "\u{7f}", "é", "\u{2028}", "😀"]
        for length in 0..<200 {
            let text = String(String.UnicodeScalarView((0..<length).map { _ in alphabet.randomElement(using: &random)! }))
            let message = DeliveredMessage(
                messageID: MessageNumber(Int64(length)), senderID: UserID(.max), senderUsername: text, receiverID: UserID(.min),
                message: text, sendDate: "2026-01-02 03:04:05")
            #expect(message.json == WireJSON.encode(message))
            let page = MessagesResponse(messages: Array(repeating: message, count: length % 3), next: MessageNumber(4))
            #expect(page.json == WireJSON.encode(page))
        }
    }
}

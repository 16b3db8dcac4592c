import Testing

@testable import MessengerCrypto

@Suite("Content that every client reads alike", .timeLimit(.minutes(1)))
struct StrictJSONTests {
    @Test(
        "Is read",
        arguments: [
            "{}", #"{"text":"h\u00e9 😀 \ud83d\ude00"}"#, #"{"a":9007199254740991,"b":-9007199254740991,"c":[true,null,""]}"#,
            #" {"a" : {"a" : {}} } "#,
            String(repeating: #"{"a":"#, count: 15) + "{}" + String(repeating: "}", count: 15),
        ])
    func accepted(text: String) { #expect(StrictJSON.isObject(Array(text.utf8))) }

    @Test(
        "Is refused: doubled names, lone surrogates, large or broken numbers, a byte order mark, depth, anything but one object",
        arguments: [
            "", "[]", "1", #""a""#, "null", #"{"a":1,"a":1}"#, #"{"a":{"b":1,"b":2}}"#, #"{"a":1,"\u0061":1}"#,
            #"{"a":"\ud800"}"#, #"{"a":"\udc00"}"#, #"{"\ud800":1}"#, #"{"a":9007199254740992}"#, #"{"a":9007199254740993}"#,
            #"{"a":-9007199254740992}"#, #"{"a":99999999999999999999}"#, #"{"a":1.0}"#, #"{"a":1e2}"#, #"{"a":01}"#,
            "\u{FEFF}{}", "{}{}", "{} x", "{", #"{"a"}"#, #"{"a":}"#, #"{a:1}"#, #"{'a':1}"#, #"{"a":1,}"#, #"{"a":NaN}"#,
            "{\"a\":\"\n\"}", "{\"a\":\"\u{0}\"}", "{}\u{0}",
            String(repeating: #"{"a":"#, count: 16) + "{}" + String(repeating: "}", count: 16),
            String(repeating: "[", count: 100_000),
        ])
    func refused(text: String) { #expect(!StrictJSON.isObject(Array(text.utf8))) }

    @Test("Is refused when it is not UTF-8")
    func notUTF8() { #expect(!StrictJSON.isObject(Array(#"{"a":""#.utf8) + [0xFF] + Array(#""}"#.utf8))) }
}

import Testing

@testable import MessengerCrypto

@Suite("The recovery secret", .timeLimit(.minutes(1)))
struct RecoveryTests {
    private let secret: RecoverySecret

    init() throws { secret = try #require(RecoverySecret(SecretBytes(Array(0..<32)))) }

    @Test("Its text is read back, also in small letters, without spaces, and with digits in place of letters alike")
    func text() {
        let text = secret.text
        #expect(text.count == 56 + 13)
        #expect(RecoverySecret(text: text) == secret)
        #expect(RecoverySecret(text: text.lowercased().replacing(" ", with: "")) == secret)
        #expect(RecoverySecret(text: "\n " + text.replacing(" ", with: "-") + " ") == secret)
        #expect(
            RecoverySecret(text: text.replacing("O", with: "0").replacing("I", with: "1").replacing("B", with: "8")) == secret)
    }

    @Test("A mistyped, exchanged, missing or added digit is noticed")
    func mistakes() {
        let text = Array(secret.text.replacing(" ", with: ""))
        for place in text.indices {
            var wrong = text
            wrong[place] = text[place] == "A" ? "C" : "A"
            #expect(RecoverySecret(text: String(wrong)) == nil)
            var short = text
            short.remove(at: place)
            #expect(RecoverySecret(text: String(short)) == nil)
            if place > 0, text[place] != text[place - 1] {
                var exchanged = text
                exchanged.swapAt(place, place - 1)
                #expect(RecoverySecret(text: String(exchanged)) == nil)
            }
        }
        for wrong in ["", "A", String(text) + "A", String(text) + "AAAAAAAA", String(text.dropLast()) + "9", "ü"] {
            #expect(RecoverySecret(text: wrong) == nil)
        }
        #expect(RecoverySecret(SecretBytes([1, 2, 3])) == nil)
    }

    @Test("The same secret gives the same keys, and each of its keys is another")
    func keys() throws {
        let again = try #require(RecoverySecret(text: secret.text))
        #expect(try again.accountKey().publicKey == secret.accountKey().publicKey)
        #expect(again.backupKey() == secret.backupKey())
        #expect(try secret.accountKey().seed != secret.backupKey())
        #expect(try RecoverySecret().accountKey().publicKey != secret.accountKey().publicKey)
    }

    @Test("Base32 gives the digits of RFC 4648")
    func base32() {
        #expect(Base32.text(Array("fooba".utf8)) == "MZXW6YTB")
        #expect(Base32.bytes("MZXW6YTB") == Array("fooba".utf8))
        #expect(Base32.bytes("MZXW6YT") == nil && Base32.bytes("MZXW6Y==") == nil && Base32.bytes("") == [])
    }
}

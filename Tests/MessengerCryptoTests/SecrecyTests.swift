import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("Secrets show nothing of themselves", .timeLimit(.minutes(1)))
struct SecrecyTests {
    private static func shown(_ value: Any) -> String {
        var text = "\(value) \(String(reflecting: value)) "
        dump(value, to: &text)
        return text.lowercased()
    }

    private static func expectSilence(_ value: Any, about secret: [UInt8]) {
        let text = shown(value)
        #expect(!text.contains(Hexadecimal.text(secret)))
        #expect(!text.contains(secret.map(String.init).joined(separator: ", ")))
        // A dump lists bytes one below the other.
        let lines = text.split(separator: "\n").compactMap { UInt8($0.drop { !$0.isNumber }) }
        #expect(lines.count < 8, "\(text)")
    }

    @Test("Private keys, secrets and what holds them")
    func keys() throws {
        let seed = TestWorld.seed("secret")
        Self.expectSilence(seed, about: seed.exposed)
        let signing = try #require(SigningKey(seed: seed))
        Self.expectSilence(signing, about: seed.exposed)
        for suite in KEMSuite.allCases {
            let key = try #require(KEMPrivateKey(suite: suite, seed: seed))
            #expect(key.seed == seed)
            Self.expectSilence(key, about: seed.exposed)
            Self.expectSilence([Optional(key)], about: seed.exposed)
        }
        Self.expectSilence(try #require(RecoverySecret(seed)), about: seed.exposed)
    }

    @Test("The content of messages, also before they are verified")
    func messages() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let bob = try world.account("bob", [.x25519])
        let message = try world.message(from: ann, to: .direct(ann.id, bob.id), content: #"{"text":"meet me at nine"}"#)
        let envelope = try world.envelope(message, from: ann.phone, to: world.recipient(bob))
        let unverified = try bob.phone.opener(in: world).unseal(envelope, privateKey: bob.phone.privateKey)
        let opened = try bob.phone.opener(in: world).verify(
            unverified, claimedSender: ann.id, sender: world.chain(ann), own: world.chain(bob))
        for value in [message, unverified, opened, Optional(opened) as Any] {
            #expect(!Self.shown(value).contains("meet") && !Self.shown(value).contains("nine"))
            Self.expectSilence(value, about: message.content)
        }
        let short = #"{"text":"meet me at nine","text":1}"#
        let error = #expect(throws: MessageError.self) { try world.message(from: ann, to: .zero, content: short) }
        #expect(!Self.shown(error as Any).contains("nine"))
    }
}

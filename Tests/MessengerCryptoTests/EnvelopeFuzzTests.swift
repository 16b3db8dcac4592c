import Foundation
import KeyLog
import TestSupport
import Testing

@testable import MessengerCrypto

/// Envelopes and signed objects bent at random. `FUZZ_ROUNDS` sets how many.
@Suite("Bent bytes", .timeLimit(.minutes(10)))
struct EnvelopeFuzzTests {
    private static let rounds = ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap { Int($0) } ?? 3_000

    private static func bent(_ bytes: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...40, using: &random)))
            case 2: bytes.removeSubrange(place...)
            case 3 where bytes.count > 8:
                // The header decides most.
                bytes[Int.random(in: 0..<8, using: &random)] = UInt8.random(in: 0...255, using: &random)
            case _ where place < bytes.count: bytes[place] ^= UInt8.random(in: 1...255, using: &random)
            default: break
            }
        }
        return bytes
    }

    @Test("Any changed byte of an envelope fails closed")
    func everyByte() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let bob = try world.account("bob", [.x25519, .xWing])
        let message = try world.message(from: ann, to: .direct(ann.id, bob.id))
        let envelope = try world.envelope(message, from: ann.phone, to: world.recipient(bob))
        let opener = bob.phone.opener(in: world)
        _ = try opener.unseal(envelope, privateKey: bob.phone.privateKey)
        var random = SeededRandom(seed: 1)
        for place in envelope.indices {
            var changed = envelope
            changed[place] ^= UInt8.random(in: 1...255, using: &random)
            #expect(throws: EnvelopeCheck.self, "byte \(place)") {
                try opener.unseal(changed, privateKey: bob.phone.privateKey)
            }
        }
    }

    @Test("Bent envelopes never open, and never trap")
    func envelopes() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let bob = try world.account("bob", [.x25519, .x25519])
        let envelope = try world.envelope(
            world.message(from: ann, to: .direct(ann.id, bob.id)), from: ann.phone, to: world.recipient(bob))
        let opener = bob.phone.opener(in: world)
        var random = SeededRandom(seed: 2)
        for _ in 0..<Self.rounds {
            let changed = Self.bent(envelope, using: &random)
            guard changed != envelope else { continue }
            #expect(throws: EnvelopeCheck.self) { try opener.unseal(changed, privateKey: bob.phone.privateKey) }
        }
    }

    @Test("Bent plaintexts under a good key never trap")
    func plaintexts() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let plaintext =
            Array(repeating: 1, count: 100) + (try world.message(from: ann, to: .zero)).bytes + Array(repeating: 0, count: 652)
        var random = SeededRandom(seed: 3)
        for _ in 0..<Self.rounds {
            _ = try? UnverifiedMessage(
                plaintext: Self.bent(plaintext, using: &random), headHash: [], slots: [], keyID: .zero, envelope: .zero)
        }
    }

    @Test("What is read of signed objects is written as the same bytes; the rest is refused, and nothing traps")
    func objects() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519, .xWing])
        let change = try #require(
            GroupChange.creating(
                by: ann.id, device: ann.phone.fingerprint, members: [GroupMember(account: .zero, role: .member)]))
        let signed = try Signed(change, by: ann.phone.key, server: world.server)
        var random = SeededRandom(seed: 5)
        for _ in 0..<Self.rounds {
            Self.check(ann.phone.record, by: ann.phone.key.publicKey, server: world.server, using: &random)
            Self.check(ann.certificates[0], by: ann.key.publicKey, server: world.server, using: &random)
            Self.check(ann.states[0], by: ann.key.publicKey, server: world.server, using: &random)
            Self.check(signed, by: ann.phone.key.publicKey, server: world.server, using: &random)
        }
    }

    private static func check<Object>(
        _ signed: Signed<Object>, by key: SigningPublicKey, server: ServerID, using random: inout SeededRandom
    ) {
        #expect(signed.isValid(by: key, server: server))
        let changed = bent(signed.bytes, using: &random)
        guard changed != signed.bytes, let read = Signed<Object>(changed) else { return }
        #expect(read.bytes == changed)
        #expect(!read.isValid(by: key, server: server))
    }
}

import Crypto
import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("What is refused, and with which code", .timeLimit(.minutes(2)))
struct EnvelopeCheckTests {
    private var world: TestWorld
    private var ann: TestAccount
    private var bob: TestAccount
    private let message: Message

    init() throws {
        world = try TestWorld()
        ann = try world.account("ann", [.xWing, .x25519])
        bob = try world.account("bob", [.xWing, .x25519])
        message = try world.message(from: ann, to: .direct(ann.id, bob.id))
    }

    private func crafted() throws -> CraftedEnvelope {
        CraftedEnvelope(world, message, from: ann.phone, to: try world.recipient(bob))
    }

    private func open(
        _ envelope: [UInt8], on device: TestDevice? = nil, claimed: AccountID? = nil, in other: TestWorld? = nil
    ) throws -> OpenedMessage {
        let chain = try world.chain(ann)
        let device = device ?? bob.phone
        return try device.opener(in: other ?? world).open(
            envelope, claimedSender: claimed ?? ann.id, own: try world.chain(bob), privateKey: device.privateKey
        ) { $0 == ann.id ? chain : nil }
    }

    private func expect(_ check: EnvelopeCheck, _ envelope: [UInt8], _ comment: Comment? = nil) {
        #expect(throws: check, comment) { try open(envelope) }
    }

    @Test("What is crafted without a change opens")
    func untouched() throws { #expect(try open(crafted().bytes()).findings.isEmpty) }

    @Test("E01: cut, longer, with a flag, without slots, unsorted, doubled, or with another body size")
    func malformed() throws {
        let good = try crafted().bytes()
        expect(.malformed, [])
        expect(.malformed, good + [0], "trailing byte")
        for length in 1..<good.count { expect(.malformed, Array(good[..<length])) }
        func changed(_ place: Int, _ value: UInt8) -> [UInt8] {
            var bytes = good
            bytes[place] = value
            return bytes
        }
        expect(.malformed, changed(1, 1), "flag")
        expect(.malformed, changed(3, 0), "no slots")
        expect(.malformed, changed(3, 17), "too many slots")
        expect(.malformed, changed(7, 0x0F), "no bucket")
        var unsorted = try crafted()
        unsorted.changeSlots = { $0.reversed() }
        expect(.malformed, try unsorted.bytes())
        var doubled = try crafted()
        doubled.changeSlots = { [$0[0], $0[0], $0[1]] }
        expect(.malformed, try doubled.bytes())
        var short = try crafted()
        short.changeSlots = { slots in
            slots.map { EnvelopeSlot(device: $0.device, keyID: $0.keyID, kem: $0.kem, sealed: Array($0.sealed.dropLast())) }
        }
        expect(.malformed, try short.bytes(), "length of a known kem")
    }

    @Test("E02: another version of the envelope, or of the message in it")
    func version() throws {
        var bytes = try crafted().bytes()
        bytes[0] = 2
        expect(.version, bytes)
        expect(.version, [2])
        var crafted = try crafted()
        crafted.message[0] = 2
        expect(.version, try crafted.bytes())
    }

    @Test("E03, E04, E05: no slot, no key, another suite")
    func slotAndKey() throws {
        let bytes = try crafted().bytes()
        #expect(throws: EnvelopeCheck.noSlot) { try open(bytes, on: ann.phone) }
        let chain = try world.chain(ann)
        #expect(throws: EnvelopeCheck.keyGone) {
            try bob.phone.opener(in: world).open(
                bytes, claimedSender: ann.id, own: try world.chain(bob), privateKey: { _ in nil }, chain: { _ in chain })
        }
        let device = bob.phone
        let opener = EnvelopeOpener(server: world.server, account: bob.id, device: device.fingerprint, suite: .x25519)
        #expect(throws: EnvelopeCheck.suite) { try opener.unseal(bytes, privateKey: device.privateKey) }
        #expect(try opener.keyID(of: bytes) == device.keyID)
    }

    @Test("E06: changed in its slot, sealed on to another account, or made for another installation")
    func keyEncapsulation() throws {
        let good = try crafted().bytes()
        let start = try #require(good.firstRange(of: bob.phone.fingerprint.bytes)?.upperBound)
        for place in [start + 20, start + 20 + 1119, start + 20 + 1120, start + 20 + 1167] {
            var bytes = good
            bytes[place] ^= 1
            expect(.keyEncapsulation, bytes)
        }
        var commitment = good
        commitment[8] ^= 1
        expect(.keyEncapsulation, commitment, "the slot is bound to the commitment")
        var other = try crafted()
        other.slotServer = try TestWorld("elsewhere").server
        expect(.keyEncapsulation, try other.bytes())
        let stranger = EnvelopeOpener(
            server: world.server, account: ann.id, device: bob.phone.fingerprint, suite: bob.phone.suite)
        #expect(throws: EnvelopeCheck.keyEncapsulation) { try stranger.unseal(good, privateKey: bob.phone.privateKey) }
        let swapped = DeviceFingerprint(unchecked: Array(bob.devices[1].fingerprint.bytes))
        let confused = EnvelopeOpener(server: world.server, account: bob.id, device: swapped, suite: .x25519)
        #expect(throws: EnvelopeCheck.suite) { try confused.unseal(good) { _ in bob.phone.rotating } }
    }

    @Test("E06: an encapsulated X25519 point of small order")
    func smallOrder() throws {
        let web = bob.devices[1]
        let good = try crafted().bytes()
        let start = try #require(good.firstRange(of: web.fingerprint.bytes)?.upperBound) + 20
        for point in X25519Tests.smallOrder {
            var bytes = good
            bytes.replaceSubrange(start..<start + 32, with: hex(point))
            #expect(throws: EnvelopeCheck.keyEncapsulation) { try open(bytes, on: web) }
        }
    }

    @Test("E07: a secret that is not the one that the envelope commits to; so no body opens under two keys")
    func commitment() throws {
        var crafted = try crafted()
        crafted.slotSecret = .random(32)
        expect(.commitment, try crafted.bytes())
        crafted.slotSecret = nil
        crafted.commitment = Array(repeating: 7, count: 32)
        expect(.commitment, try crafted.bytes())
    }

    @Test("E08: a changed body, or a slot of another device that was changed, removed or exchanged")
    func body() throws {
        let good = try crafted().bytes()
        for place in [good.count - 1, good.count - 17, good.count - 1040] {
            var bytes = good
            bytes[place] ^= 0x80
            expect(.body, bytes)
        }
        let start = try #require(good.firstRange(of: bob.devices[1].fingerprint.bytes)?.lowerBound)
        var removed = good
        removed.removeSubrange(start..<start + 116)
        removed[3] = 1
        expect(.body, removed)
        for place in [start + 16, start + 40] {
            var changed = good
            changed[place] ^= 1
            expect(.body, changed)
        }
        var exchanged = good
        let another = try crafted().bytes()
        exchanged.replaceSubrange(start + 36..<start + 116, with: another[start + 36..<start + 116])
        expect(.body, exchanged)
    }

    @Test("E09: a larger bucket than needed, padding that is not zero, a length beyond the body")
    func padding() throws {
        var larger = try crafted()
        larger.paddedSize = 2048
        expect(.padding, try larger.bytes())
        var dirty = try crafted()
        dirty.padding = 1
        expect(.padding, try dirty.bytes())
        for length: UInt8 in [0x10, 0xFF] {
            var long = try crafted()
            long.message[254] = length
            expect(.padding, try long.bytes())
            long.message[252] = 0xFF
            expect(.padding, try long.bytes())
        }
    }

    @Test("E10: for another account inside than outside, or from another than the server names")
    func account() throws {
        var other = try crafted()
        other.toAccount = ann.id
        expect(.account, try other.bytes())
        #expect(throws: EnvelopeCheck.account) { try open(try crafted().bytes(), claimed: bob.id) }
    }

    @Test("E11: a device that its account never had, or a state that the directory does not know")
    func device() throws {
        var foreign = message
        foreign.fromDevice = bob.phone.fingerprint
        expect(.device, try CraftedEnvelope(world, foreign, from: ann.phone, to: world.recipient(bob)).bytes())
        var future = message
        future.fromSeq = 9
        expect(.device, try CraftedEnvelope(world, future, from: ann.phone, to: world.recipient(bob)).bytes())
        #expect(throws: EnvelopeCheck.device) {
            try bob.phone.opener(in: world).open(
                crafted().bytes(), claimedSender: ann.id, own: try world.chain(bob), privateKey: bob.phone.privateKey
            ) { _ in nil }
        }
    }

    @Test("E11: a removed device is shown as such, whatever time it claims, and cannot pass as another")
    mutating func revoked() throws {
        let envelope = try crafted().bytes()
        let web = ann.devices[1]
        let lost = ann.phone
        try world.publish([web], of: &ann)
        let opened = try open(envelope)
        #expect(opened.findings == [.device] && opened.isFromRemovedDevice)
        #expect(try world.chain(ann).standing(of: lost.fingerprint) == .revoked(at: 2))
        var disguised = message
        disguised.fromDevice = web.fingerprint
        #expect(throws: EnvelopeCheck.signature) {
            try open(CraftedEnvelope(world, disguised, from: lost, to: world.recipient(bob)).bytes())
        }
    }

    @Test("E12: a changed signature, and one over another head, message or installation")
    func signature() throws {
        for place in [0, 31, 32, 63] {
            var crafted = try crafted()
            crafted.changeSignature = { signature in
                var signature = signature
                signature[place] ^= 1
                return signature
            }
            expect(.signature, try crafted.bytes())
        }
        var replayed = try crafted()
        let head = Array(repeating: UInt8(1), count: 32)
        let signed = SignedMessage(account: bob.id, seq: bob.seq, message: message.bytes).bytes
        let other = try ann.phone.key.signature(SignedMessage.label, server: world.server, head + signed)
        replayed.changeSignature = { _ in other }
        expect(.signature, try replayed.bytes())
    }

    @Test("E13: slots that are not all devices of the receiver, or more, at the state that the sender names")
    mutating func deviceList() throws {
        var stripped = try crafted()
        let phone = bob.phone.fingerprint
        stripped.changeSlots = { $0.filter { $0.device == phone } }
        #expect(try open(stripped.bytes()).findings == [.deviceList])
        var old = try crafted()
        old.toSeq = 0
        #expect(try open(old.bytes()).findings == [.deviceList])
        let before = try crafted().bytes()
        let tablet = try world.device("tablet", of: bob, suite: .xWing)
        try world.publish(bob.devices + [tablet], of: &bob)
        #expect(try open(before).findings.isEmpty, "it was right at the state that it names")
        #expect(throws: EnvelopeCheck.noSlot) { try open(before, on: tablet) }
    }

    @Test("E14 to E18 are found in a verified message")
    func later() throws {
        let conversation = Conversation(direct: ann.id, bob.id)
        func findings(
            _ message: Message, known: MessageHash? = nil, sequence: MessageSequence = MessageSequence()
        ) -> [EnvelopeCheck] {
            var sequence = sequence
            return MessageChecks.findings(
                for: message, in: conversation, knownHash: known, sequence: &sequence, log: world.log)
        }
        #expect(findings(message).isEmpty)
        #expect(findings(message, known: message.hash).isEmpty, "a repeat is no error")
        var elsewhere = message
        elsewhere.conversation = .direct(ann.id, ann.id)
        #expect(findings(elsewhere) == [.conversation], "a replay into another conversation")
        var stranger = message
        stranger.fromAccount = AccountID(unchecked: Array(repeating: 9, count: 32))
        #expect(findings(stranger).contains(.conversation))
        var garbled = message
        garbled.content = Array("{\"a\":1e3}".utf8)
        #expect(findings(garbled) == [.content])
        var group = message
        group.groupEpoch = 1
        #expect(findings(group) == [.content])
        var changed = message
        changed.content = Array(#"{"text":"goodbye"}"#.utf8)
        #expect(findings(changed, known: message.hash) == [.sameID])
        var sequence = MessageSequence()
        let isGap = sequence.take(counter: 1, previous: .zero, hash: message.hash)
        #expect(!isGap)
        var third = message
        third.counter = 3
        #expect(findings(third, sequence: sequence) == [.gap])
        var forked = message
        forked.counter = 2
        #expect(findings(forked, sequence: sequence) == [.gap], "another message before it than came")
        forked.previous = message.hash
        #expect(findings(forked, sequence: sequence).isEmpty)
        var split = message
        split.logRoot = .leaf([1])
        #expect(findings(split) == [.log])
        var ahead = message
        ahead.fromSeq = 7
        #expect(findings(ahead) == [.log])
    }

    @Test("What was missing and comes late closes its gap")
    func lateMessages() {
        var sequence = MessageSequence()
        /// Whether one of these shows a gap.
        func take(_ counters: UInt64...) -> Bool {
            counters.map { sequence.take(counter: $0, previous: .zero, hash: .zero) }.contains(true)
        }
        #expect(!take(5), "the count begins with the first that comes")
        #expect(take(9))
        #expect(sequence.missing == [6...8])
        #expect(!take(7))
        #expect(sequence.missing == [6...6, 8...8])
        #expect(!take(7, 6, 8))
        #expect(sequence.missing.isEmpty)
        #expect(take(.max))
        #expect(sequence.missing == [10...UInt64.max - 1])
        #expect(!take(0, 1, .max))
    }

    @Test("Every code has words, and no two the same")
    func words() {
        #expect(EnvelopeCheck.allCases.map(\.code) == (1...18).map { $0 < 10 ? "E0\($0)" : "E\($0)" })
        #expect(Set(EnvelopeCheck.allCases.map(\.description)).count == 18)
    }
}

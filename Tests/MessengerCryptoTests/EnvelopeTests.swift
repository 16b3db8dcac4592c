import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("Sealed envelopes", .timeLimit(.minutes(2)))
struct EnvelopeTests {
    private func open(
        _ envelope: [UInt8], on device: TestDevice, of account: TestAccount, from sender: TestAccount, in world: TestWorld
    ) throws -> OpenedMessage {
        let chain = try world.chain(sender)
        return try device.opener(in: world).open(
            envelope, claimedSender: sender.id, own: try world.chain(account), privateKey: device.privateKey
        ) { $0 == sender.id ? chain : nil }
    }

    @Test("Opens on every device in its slots, whatever their suites", arguments: [1, 2, 16])
    func slots(count: Int) throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.xWing])
        let bob = try world.account("bob", (0..<count).map { $0.isMultiple(of: 2) ? .xWing : .x25519 })
        let message = try world.message(from: ann, to: .direct(ann.id, bob.id))
        let envelope = try world.envelope(message, from: ann.phone, to: world.recipient(bob))
        for device in bob.devices {
            let opened = try open(envelope, on: device, of: bob, from: ann, in: world)
            #expect(opened.message == message && opened.findings.isEmpty && opened.toSeq == 1)
            #expect(opened.keyID == device.keyID && opened.fromDevice == ann.phone.certificate)
        }
        let xWing = bob.devices.count { $0.suite == .xWing } * (36 + 1168)
        let x25519 = bob.devices.count { $0.suite == .x25519 } * (36 + 80)
        #expect(envelope.count == 40 + xWing + x25519 + 1024 + 16)
        #expect(EnvelopeText.envelope(EnvelopeText.text(envelope)) == envelope)
    }

    @Test("Padding goes by powers of two", arguments: [(0, 1024), (668, 1024), (669, 2048), (65_180, 65_536)])
    func padding(content: Int, size: Int) throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let bob = try world.account("bob", [.x25519])
        let text = content == 0 ? "" : #"{"":""# + String(repeating: "x", count: content - 7) + #""}"#
        let message = try world.message(from: ann, to: .direct(ann.id, bob.id), content: text)
        #expect(message.content.count == content)
        let envelope = try world.envelope(message, from: ann.phone, to: world.recipient(bob))
        #expect(envelope.count == 40 + 36 + 80 + size + 16)
        #expect(try open(envelope, on: bob.phone, of: bob, from: ann, in: world).message == message)
    }

    @Test("Content of 65,181 bytes is refused, as is what is no strict JSON")
    func tooLong() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let text = #"{"":""# + String(repeating: "x", count: 65_181 - 7) + #""}"#
        #expect(throws: MessageError.contentTooLong) { try world.message(from: ann, to: .zero, content: text) }
        #expect(throws: MessageError.notStrictJSON) { try world.message(from: ann, to: .zero, content: #"{"a":1,"a":2}"#) }
        #expect(throws: MessageError.notStrictJSON) { try world.message(from: ann, to: .zero, content: "[]") }
    }

    @Test("One message for several accounts: each has its envelope, and the sender's other devices have theirs")
    func manyAccounts() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.xWing, .x25519])
        let bob = try world.account("bob", [.xWing])
        let eve = try world.account("eve", [.x25519])
        let message = try world.message(from: ann, to: .direct(ann.id, bob.id))
        let sealed = try EnvelopeSealer(server: world.server, deviceKey: ann.phone.key).seal(
            message, to: [world.recipient(bob), world.recipient(eve), world.recipient(ann, without: ann.phone)])
        #expect(sealed.map(\.account) == [bob.id, eve.id, ann.id])
        #expect(try open(sealed[0].bytes, on: bob.phone, of: bob, from: ann, in: world).message == message)
        #expect(try open(sealed[1].bytes, on: eve.phone, of: eve, from: ann, in: world).message == message)
        let own = try open(sealed[2].bytes, on: ann.devices[1], of: ann, from: ann, in: world)
        #expect(own.message == message && own.findings.isEmpty)
        #expect(throws: EnvelopeCheck.noSlot) { try open(sealed[2].bytes, on: ann.phone, of: ann, from: ann, in: world) }
        #expect(Set(sealed.map { $0.bytes[8..<40] }).count == 3, "each has a secret of its own")
        let alone = try world.account("alone", [.xWing])
        #expect(
            try EnvelopeSealer(server: world.server, deviceKey: alone.phone.key)
                .seal(message, to: [world.recipient(alone, without: alone.phone)]).isEmpty)
    }

    @Test("The same message sealed again has another secret, and the same hash also when it is marked")
    func sealedAgain() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.xWing])
        let bob = try world.account("bob", [.xWing])
        var message = try world.message(from: ann, to: .direct(ann.id, bob.id))
        let first = try world.envelope(message, from: ann.phone, to: world.recipient(bob))
        let hash = message.hash
        message.flags = .sentAgain
        let second = try world.envelope(message, from: ann.phone, to: world.recipient(bob))
        #expect(first[8..<40] != second[8..<40])
        let opened = try open(second, on: bob.phone, of: bob, from: ann, in: world)
        #expect(opened.message.flags == .sentAgain && opened.message.hash == hash)
    }

    @Test("Unknown message types and flags are kept as they are")
    func unknownType() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let bob = try world.account("bob", [.x25519])
        var message = try world.message(from: ann, to: .direct(ann.id, bob.id))
        message.type = MessageType(rawValue: 250)
        message.flags = Message.Flags(rawValue: 0x8000)
        let envelope = try world.envelope(message, from: ann.phone, to: world.recipient(bob))
        let opened = try open(envelope, on: bob.phone, of: bob, from: ann, in: world).message
        #expect(opened == message && !opened.type.isKnown)
        #expect(try Message(opened.bytes) == message)
    }

    @Test("A slot of an unknown kind among known ones is passed over")
    func unknownSuite() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let bob = try world.account("bob", [.x25519, .x25519])
        let message = try world.message(from: ann, to: .direct(ann.id, bob.id))
        var crafted = CraftedEnvelope(world, message, from: ann.phone, to: try world.recipient(bob))
        let other = bob.devices[1]
        crafted.changeSlots = { slots in
            slots.map {
                $0.device == other.fingerprint
                    ? EnvelopeSlot(device: $0.device, keyID: $0.keyID, kem: 0x9999, sealed: [1, 2, 3]) : $0
            }
        }
        let envelope = try crafted.bytes()
        #expect(try open(envelope, on: bob.phone, of: bob, from: ann, in: world).message == message)
        #expect(throws: EnvelopeCheck.suite) { try open(envelope, on: other, of: bob, from: ann, in: world) }
    }

    @Test("A receiver's key that cannot be sealed to is skipped and shown; the others get theirs")
    func skipped() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.x25519])
        let bob = try world.account("bob", [.x25519, .xWing, .xWing, .x25519])
        func record(_ device: TestDevice, publicKey: [UInt8]) throws -> Signed<KeyRecord> {
            let good = device.record.object.bytes
            let record = try #require(KeyRecord(Array(good.dropLast(publicKey.count)) + publicKey))
            return try Signed(record, by: device.key, server: world.server)
        }
        // Coefficients above the modulus: no ML-KEM key.
        let noKey = Array(repeating: UInt8(0xFF), count: 1184) + Array(repeating: 9, count: 32)
        let records = [
            try record(bob.devices[0], publicKey: Array(repeating: 0, count: 32)), try record(bob.devices[1], publicKey: noKey),
            bob.devices[3].record,
        ]
        let recipient = try world.chain(bob).recipient(records: records, now: TestWorld.now)
        #expect(recipient.keys.count == 2)
        let message = try world.message(from: ann, to: .direct(ann.id, bob.id))
        let sealed = try EnvelopeSealer(server: world.server, deviceKey: ann.phone.key).seal(message, to: [recipient])[0]
        let reasons = Dictionary(uniqueKeysWithValues: sealed.skipped.map { ($0.device, $0.reason) })
        #expect(reasons[bob.devices[0].fingerprint] == .wrongKey)
        #expect(reasons[bob.devices[1].fingerprint] == .wrongKey)
        #expect(reasons[bob.devices[2].fingerprint] == .noKey)
        let opened = try open(sealed.bytes, on: bob.devices[3], of: bob, from: ann, in: world)
        #expect(opened.message == message && opened.findings == [.deviceList])
    }
}

import KeyLog

@testable import MessengerCrypto

/// Two accounts, and the envelopes between them that another client must open, or refuse with the same code.
struct EnvelopeScene {
    /// What comes of opening.
    enum Outcome: Equatable {
        case opened(hash: String, toSeq: UInt32, findings: [String])
        case refused(String)
    }

    struct Case {
        let name: String
        let envelope: [UInt8]
        var isToAnn = false
        var device = 0
        var isClaimedFromBob = false
        var hasKey = true
        /// What the opening device takes for its suite.
        var suite: KEMSuite?
    }

    private(set) var world: TestWorld
    private(set) var ann: TestAccount
    private(set) var bob: TestAccount
    /// Was Ann's, and is no more.
    let lost: TestDevice
    private(set) var cases: [Case] = []

    init() throws {
        world = try TestWorld()
        ann = try world.account("ann", [.xWing, .x25519, .xWing])
        bob = try world.account("bob", [.xWing, .x25519])
        lost = ann.devices[2]
        let beforeLoss = try world.message(from: ann, device: lost, to: .direct(ann.id, bob.id))
        try world.publish(Array(ann.devices.dropLast()), of: &ann)
        try addOpened()
        try addRefused()
        try add("E11 from a removed device, backdated", CraftedEnvelope(world, beforeLoss, from: lost, to: toBob))
    }

    var toBob: Recipient { get throws { try world.recipient(bob) } }

    func message(id: String = "message", content: String = #"{"text":"hello"}"#) throws -> Message {
        try world.message(from: ann, to: .direct(ann.id, bob.id), id: id, content: content)
    }

    /// Opens a case as it says.
    func outcome(_ test: Case, chain: AccountChain, own: AccountChain) -> Outcome {
        let account = test.isToAnn ? ann : bob
        let device = account.devices[test.device]
        let opener = EnvelopeOpener(
            server: world.server, account: account.id, device: device.fingerprint, suite: test.suite ?? device.suite)
        do throws(EnvelopeCheck) {
            let opened = try opener.open(
                test.envelope, claimedSender: test.isClaimedFromBob ? bob.id : ann.id, own: own,
                privateKey: { test.hasKey ? device.privateKey($0) : nil }
            ) { $0 == ann.id ? chain : nil }
            return .opened(hash: opened.message.hash.hex, toSeq: opened.toSeq, findings: opened.findings.map(\.code))
        } catch {
            return .refused(error.code)
        }
    }

    mutating func add(_ name: String, _ crafted: CraftedEnvelope) throws { add(Case(name: name, envelope: try crafted.bytes())) }

    mutating func add(_ test: Case) { cases.append(test) }

    private mutating func addOpened() throws {
        let two = try world.envelope(message(), from: ann.phone, to: toBob)
        add(Case(name: "two slots, X-Wing", envelope: two))
        add(Case(name: "two slots, X25519", envelope: two, device: 1))
        for size in [0, 668, 669, 65_180] {
            let text = size == 0 ? "" : #"{"":""# + String(repeating: "x", count: size - 7) + #""}"#
            let envelope = try world.envelope(message(content: text), from: ann.phone, to: toBob)
            add(Case(name: "content of \(size) bytes", envelope: envelope, device: 1))
        }
        let own = try world.envelope(message(), from: ann.phone, to: world.recipient(ann, without: ann.phone))
        add(Case(name: "own copy", envelope: own, isToAnn: true, device: 1))
        var again = try message()
        again.flags = .sentAgain
        try add("sent again", CraftedEnvelope(world, again, from: ann.phone, to: toBob))
        var unknown = try message()
        unknown.type = MessageType(rawValue: 250)
        unknown.fromDevice = ann.devices[1].fingerprint
        try add("unknown type", CraftedEnvelope(world, unknown, from: ann.devices[1], to: toBob))
        let group = try world.groupStart(by: ann, with: bob)
        var inGroup = try world.message(from: ann, to: .group(startingWith: group), id: "group")
        inGroup.groupState = GroupResolver(first: VerifiedGroupChange(trusted: group))?.resolve().hash ?? .zero
        try add("group", CraftedEnvelope(world, inGroup, from: ann.phone, to: toBob))
        var stripped = try CraftedEnvelope(world, message(), from: ann.phone, to: toBob)
        let phone = bob.phone.fingerprint
        stripped.changeSlots = { $0.filter { $0.device == phone } }
        try add("E13 a device left out", stripped)
        var foreignKind = try CraftedEnvelope(world, message(), from: ann.phone, to: toBob)
        foreignKind.changeSlots = { slots in
            slots.map {
                $0.device == phone ? $0 : EnvelopeSlot(device: $0.device, keyID: $0.keyID, kem: 0x9999, sealed: [1, 2, 3])
            }
        }
        try add("unknown kem among known", foreignKind)
    }
}

import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("The verified directory", .timeLimit(.minutes(1)))
struct DirectoryTests {
    private var world: TestWorld
    private var bob: TestAccount

    init() throws {
        world = try TestWorld()
        bob = try world.account("bob", [.xWing, .x25519])
    }

    private func chain(
        states: [Signed<AccountState>]? = nil, certificates: [Signed<DeviceCertificate>]? = nil
    ) throws -> AccountChain {
        try AccountChain(
            server: world.server, states: states ?? bob.states, certificates: certificates ?? bob.certificates,
            entry: try #require(world.log.entry(for: bob.id)))
    }

    @Test("Objects are read as they are written, with the sizes of the protocol")
    func objects() throws {
        #expect(bob.states[0].object.bytes.count == 143 + 2 * 32)
        #expect(bob.certificates[0].object.bytes.count == 80)
        #expect(bob.devices[0].record.object.bytes.count == 73 + 1216 && bob.devices[1].record.object.bytes.count == 73 + 32)
        #expect(Signed<AccountState>(bob.states[0].bytes) == bob.states[0])
        #expect(Signed<DeviceCertificate>(bob.certificates[0].bytes) == bob.certificates[0])
        #expect(Signed<KeyRecord>(bob.phone.record.bytes) == bob.phone.record)
        #expect(!bob.phone.record.isValid(by: bob.key.publicKey, server: world.server), "another key")
        #expect(!bob.phone.record.isValid(by: bob.phone.key.publicKey, server: try TestWorld("elsewhere").server))
    }

    @Test("Devices come and go with the states, and say since when they are gone")
    mutating func standing() throws {
        let web = bob.devices[1]
        try world.publish([bob.phone], of: &bob)
        let chain = try chain()
        #expect(chain.seq == 2 && chain.devices.map(\.device) == [bob.phone.fingerprint])
        #expect(chain.standing(of: web.fingerprint) == .revoked(at: 2))
        #expect(chain.standing(of: bob.phone.fingerprint) == .current)
        #expect(chain.standing(of: .zero) == .unknown)
        #expect(chain.devices(at: 1) == [bob.phone.fingerprint, web.fingerprint])
        #expect(chain.devices(at: 0) == nil && chain.devices(at: 3) == nil)
        let eve = try world.account("eve", [.xWing, .x25519])
        let mixed = try world.chain(eve)
        #expect(chain.isPostQuantum && !mixed.isPostQuantum)
    }

    @Test("A new account key signed by the old one goes on with the account; its certificates are its own")
    mutating func newAccountKey() throws {
        let next = try TestWorld.signingKey("bob's second key")
        let tablet = try world.device("tablet", of: bob, suite: .xWing)
        try world.publish(bob.devices + [tablet], of: &bob, newKey: next)
        let chain = try chain()
        #expect(chain.account == bob.id && chain.accountKey == next.publicKey && chain.devices.count == 3)
    }

    @Test("A list of devices that the server made, cut, or took from another account is refused")
    mutating func forged() throws {
        let stranger = try TestWorld.signingKey("stranger")
        let intruder = try world.device("intruder", of: bob, suite: .xWing)
        let state = try #require(
            AccountState(
                account: bob.id, seq: 2, previous: StateHash(of: bob.states[0].object), accountKey: bob.key.publicKey,
                name: bob.name, certificates: [CertificateHash(of: intruder.certificate)], time: 0))
        let forged = try Signed(state, by: stranger, server: world.server)
        #expect(throws: DirectoryError.wrongStateSignature(seq: 2)) { try chain(states: bob.states + [forged]) }
        #expect(throws: DirectoryError.noStates) { try chain(states: []) }
        #expect(throws: DirectoryError.certificateMissing) { try chain(certificates: [bob.certificates[0]]) }
        let unlisted = try Signed(intruder.certificate, by: bob.key, server: world.server)
        #expect(throws: DirectoryError.wrongCertificate) { try chain(certificates: bob.certificates + [unlisted]) }
        let wrongSigner = try Signed(bob.certificates[0].object, by: stranger, server: world.server)
        #expect(throws: DirectoryError.wrongCertificate) { try chain(certificates: [wrongSigner, bob.certificates[1]]) }
        let eve = try world.account("eve", [.xWing])
        #expect(throws: DirectoryError.notInLog) { try chain(states: eve.states, certificates: eve.certificates) }
        try world.publish([bob.phone], of: &bob)
        #expect(throws: DirectoryError.notInLog, "an old list") { try chain(states: [bob.states[0]]) }
        #expect(throws: DirectoryError.brokenChain(seq: 2)) { try chain(states: [bob.states[1], bob.states[1]]) }
        #expect(throws: DirectoryError.self) { try chain(states: [bob.states[1]]) }
    }

    @Test("A chain grows by new states, and stays as it was when they are wrong")
    mutating func extending() throws {
        var chain = try chain()
        let old = bob.states
        try world.publish([bob.phone], of: &bob)
        let entry = try #require(world.log.entry(for: bob.id))
        #expect(throws: DirectoryError.brokenChain(seq: 1)) {
            try chain.extend(states: old, certificates: [], entry: entry)
        }
        #expect(chain.seq == 1)
        try chain.extend(states: [bob.states[1]], certificates: [], entry: entry)
        #expect(chain.seq == 2 && chain.devices.count == 1)
    }

    @Test("Keys are sealed to only with a good record of the device itself")
    func sealingKeys() throws {
        let chain = try chain()
        func reasons(
            _ records: [Signed<KeyRecord>], newestNamed: [DeviceFingerprint: UInt64] = [:], now: UInt64 = TestWorld.now
        ) -> [SkippedDevice.Reason] {
            chain.recipient(records: records, newestNamed: newestNamed, now: now).skipped.map(\.reason)
        }
        let phone = bob.phone
        let web = bob.devices[1]
        #expect(reasons([phone.record, web.record]).isEmpty)
        #expect(reasons([phone.record]) == [.noKey])
        let byOther = try Signed(phone.record.object, by: web.key, server: world.server)
        #expect(reasons([byOther, web.record]) == [.wrongRecord])
        #expect(reasons([phone.record, web.record], now: TestWorld.now + KeyRecord.lifetime) == [.wrongRecord, .wrongRecord])
        #expect(reasons([phone.record, web.record], newestNamed: [phone.fingerprint: TestWorld.now]).isEmpty)
        #expect(reasons([phone.record, web.record], newestNamed: [phone.fingerprint: TestWorld.now + 1]) == [.olderThanNamed])
        let weaker = KeyRecord(
            kind: .rotating, account: bob.id, device: phone.fingerprint, created: TestWorld.now, key: web.rotating)
        #expect(
            reasons([try Signed(weaker, by: phone.key, server: world.server), web.record]) == [.wrongRecord],
            "the suite is fixed for the life of the device")
    }

    @Test("A record with another lifetime, or other algorithms, is none")
    func records() {
        let good = bob.devices[1].record.object.bytes
        for place in [0, 4, 6, 64, 72] {
            var bytes = good
            bytes[place] ^= 0x40
            #expect(KeyRecord(bytes) == nil, "byte \(place)")
        }
        var unknown = good
        unknown[1] = 0x77
        #expect(KeyRecord(unknown)?.kem == 0x7720, "an unknown kem is kept")
    }

    @Test("States with too many, doubled or unsorted certificates are none")
    func states() throws {
        func state(_ count: Int) -> AccountState? {
            AccountState(
                account: bob.id, seq: 1, previous: .zero, accountKey: bob.key.publicKey, name: bob.name,
                certificates: (0..<count).map { CertificateHash(unchecked: Array(repeating: UInt8($0), count: 32)) }, time: 0)
        }
        #expect(state(16) != nil && state(17) == nil)
        let bytes = try #require(state(2)).bytes
        let unsorted = bytes[..<135] + bytes[167..<199] + bytes[135..<167] + bytes[199...]
        #expect(AccountState(Array(unsorted)) == nil && AccountState(bytes) != nil)
        let doubled = bytes[..<135] + bytes[135..<167] + bytes[135..<167] + bytes[199...]
        #expect(AccountState(Array(doubled)) == nil)
    }
}

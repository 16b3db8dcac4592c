import Crypto
import Foundation
import KeyLog

@testable import MessengerCrypto

/// An installation in memory: its log, and accounts that publish their states in it. Everything but what is sealed follows
/// from names, so that two runs make the same bytes.
struct TestWorld {
    static let now: UInt64 = 1_800_000_000_000

    let logSigner: NoteSigner
    let server: ServerID
    private(set) var log = LogView()
    private var tree = MerkleTree()
    /// Of the log, from the first on.
    private(set) var entries: [[UInt8]] = []

    init(_ name: String = "messenger.example/log") throws {
        guard let signer = NoteSigner(name: name, kind: .ed25519, seed: Self.seed("log " + name).exposed) else {
            throw CocoaError(.featureUnsupported)
        }
        logSigner = signer
        server = ServerID(log: signer.verifierKey)
    }

    static func seed(_ name: String) -> SecretBytes { SecretBytes(Array(SHA256.hash(data: Array(("test " + name).utf8)))) }

    static func signingKey(_ name: String) throws -> SigningKey { try SigningKey(exactSeed: seed("signing " + name)) }

    /// An account with its first state in the log.
    mutating func account(_ name: String, _ suites: [KEMSuite]) throws -> TestAccount {
        let key = try Self.signingKey(name)
        var account = TestAccount(
            name: NameLabel(unchecked: Self.seed("name " + name).exposed), id: AccountID(server: server, firstKey: key.publicKey),
            key: key)
        let devices = try suites.enumerated().map { number, suite in
            try device("\(name) \(number)", of: account, suite: suite)
        }
        try publish(devices, of: &account)
        return account
    }

    /// A device that the next state will list.
    func device(_ name: String, of account: TestAccount, suite: KEMSuite) throws -> TestDevice {
        let key = try Self.signingKey(name)
        let certificate = DeviceCertificate(
            account: account.id, firstSeq: account.seq + 1, deviceKey: key.publicKey, suite: suite,
            flags: suite == .x25519 ? .web : [], created: Self.now)
        return try device(certificate, key: key, rotating: "rotating " + name, created: Self.now)
    }

    /// The same device with another rotating key.
    func device(_ certificate: DeviceCertificate, key: SigningKey, rotating: String, created: UInt64) throws -> TestDevice {
        guard let suite = certificate.suite, let rotating = KEMPrivateKey(suite: suite, seed: Self.seed(rotating)) else {
            throw CocoaError(.featureUnsupported)
        }
        let record = KeyRecord(
            kind: .rotating, account: certificate.account, device: certificate.device, created: created, key: rotating)
        return TestDevice(
            key: key, certificate: certificate, rotating: rotating, record: try Signed(record, by: key, server: server))
    }

    /// A new state with these devices, signed and in the log; with another account key from now on, if one is given.
    mutating func publish(_ devices: [TestDevice], of account: inout TestAccount, newKey: SigningKey? = nil) throws {
        let previous = account.states.last.map { StateHash(of: $0.object) } ?? .zero
        let next = newKey ?? account.key
        guard
            let state = AccountState(
                account: account.id, seq: account.seq + 1, previous: previous, accountKey: next.publicKey, name: account.name,
                certificates: devices.map { CertificateHash(of: $0.certificate) }, time: Self.now)
        else { throw CocoaError(.featureUnsupported) }
        account.states.append(try Signed(state, by: account.key, server: server))
        let known = Set(account.certificates.map(\.object))
        account.certificates += try devices.map(\.certificate).filter { !known.contains($0) }
            .map { try Signed($0, by: next, server: server) }
        account.key = next
        account.devices = devices
        try append(
            LogRecord(
                type: .accountState, name: account.name, account: account.id, seq: state.seq, hash: StateHash(of: state),
                time: Self.now))
    }

    func chain(_ account: TestAccount) throws -> AccountChain {
        guard let entry = log.entry(for: account.id) else { throw DirectoryError.notInLog }
        return try AccountChain(
            server: server, states: account.states, certificates: account.certificates, entry: entry)
    }

    func recipient(_ account: TestAccount, without device: TestDevice? = nil) throws -> Recipient {
        try chain(account).recipient(records: account.records, without: device?.fingerprint, now: Self.now)
    }

    func message(
        from sender: TestAccount, device: TestDevice? = nil, to conversation: ConversationID, id: String = "message",
        counter: UInt64 = 1, content: String = #"{"text":"hello"}"#
    ) throws -> Message {
        let device = device ?? sender.phone
        return try Message(
            type: .text, fromAccount: sender.id, fromDevice: device.fingerprint, conversation: conversation,
            id: MessageID(unchecked: Array(Self.seed(id).exposed.prefix(16))), counter: counter, sent: Self.now,
            fromSeq: sender.seq, logSize: log.size, logRoot: log.root, newestKey: device.keyID,
            newestKeyCreated: device.record.object.created, content: Array(content.utf8))
    }

    /// Sealed for one account.
    func envelope(_ message: Message, from device: TestDevice, to recipient: Recipient) throws -> [UInt8] {
        try EnvelopeSealer(server: server, deviceKey: device.key).seal(message, to: [recipient])[0].bytes
    }

    private mutating func append(_ record: LogRecord) throws {
        let salt = RecordSalt(unchecked: Self.seed("salt \(entries.count)").exposed)
        entries.append(record.entry(salt: salt))
        tree.append(.leaf(record.entry(salt: salt)))
        let checkpoint = Checkpoint(origin: logSigner.verifierKey.name, size: tree.size, root: try tree.root(size: tree.size))
        try log.advance(to: checkpoint, with: [.record(record, salt: salt)])
    }
}

import KeyLog
import MessengerCrypto

/// An installation in memory, with accounts that are in its log.
struct BenchInstallation {
    static let suites: [KEMSuite] = [.xWing, .x25519]

    struct Account {
        let id: AccountID
        let chain: AccountChain
        let deviceKeys: [SigningKey]
        let privateKeys: [KEMPrivateKey]
        let records: [Signed<KeyRecord>]
    }

    private let server: ServerID
    private var log = LogView()
    private var tree = MerkleTree()

    init() throws {
        guard let signer = NoteSigner(name: "bench", kind: .ed25519, seed: SecretBytes.random(32).exposed) else {
            throw BenchError.unexpected
        }
        server = ServerID(log: signer.verifierKey)
    }

    mutating func account(suite: KEMSuite, devices count: Int) throws -> Account {
        let key = SigningKey()
        let id = AccountID(server: server, firstKey: key.publicKey)
        let deviceKeys = (0..<count).map { _ in SigningKey() }
        let certificates = deviceKeys.map {
            DeviceCertificate(account: id, firstSeq: 1, deviceKey: $0.publicKey, suite: suite, created: 0)
        }
        guard let name = NameLabel(id.bytes),
            let state = AccountState(
                account: id, seq: 1, previous: .zero, accountKey: key.publicKey, name: name,
                certificates: certificates.map { CertificateHash(of: $0) }, time: 0)
        else { throw BenchError.unexpected }
        let record = LogRecord(
            type: .accountState, name: name, account: id, seq: 1, hash: StateHash(of: state), time: 0)
        tree.append(.leaf(record.entry(salt: .zero)))
        let checkpoint = Checkpoint(origin: "bench", size: tree.size, root: try tree.root(size: tree.size))
        try log.advance(to: checkpoint, with: [.record(record, salt: .zero)])
        guard let entry = log.entry(for: id) else { throw BenchError.unexpected }
        let privateKeys = try certificates.map { _ in try KEMPrivateKey(suite: suite) }
        let records = try zip(certificates, zip(deviceKeys, privateKeys)).map { certificate, keys in
            try Signed(
                KeyRecord(kind: .rotating, account: id, device: certificate.device, created: 0, key: keys.1), by: keys.0,
                server: server)
        }
        let chain = try AccountChain(
            server: server, states: [Signed(state, by: key, server: server)],
            certificates: certificates.map { try Signed($0, by: key, server: server) }, entry: entry)
        return Account(id: id, chain: chain, deviceKeys: deviceKeys, privateKeys: privateKeys, records: records)
    }

    func recipient(_ account: Account, devices count: Int) -> Recipient {
        account.chain.recipient(records: Array(account.records.prefix(count)), now: 1)
    }

    func message(from account: Account) throws -> (EnvelopeSealer, Message) {
        let message = try Message(
            type: .text, fromAccount: account.id, fromDevice: account.records[0].object.device, conversation: .zero, counter: 1,
            sent: 0, fromSeq: 1, logSize: log.size, logRoot: log.root, newestKey: KeyID(of: account.records[0].object),
            newestKeyCreated: 0, content: Array(#"{"text":"A message of common length, such as people write."}"#.utf8))
        return (EnvelopeSealer(server: server, deviceKey: account.deviceKeys[0]), message)
    }

    /// On the first device.
    func open(_ envelope: [UInt8], by account: Account, from sender: Account) throws {
        let opener = EnvelopeOpener(
            server: server, account: account.id, device: account.records[0].object.device, suite: account.privateKeys[0].suite)
        _ = try opener.open(envelope, claimedSender: sender.id, own: account.chain) { _ in
            account.privateKeys[0]
        } chain: { _ in
            sender.chain
        }
    }
}

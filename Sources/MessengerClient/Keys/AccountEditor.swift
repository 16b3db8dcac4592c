import KeyLog
import MessengerCrypto

/// Writes the next state of an account, with the account key.
struct AccountEditor {
    struct Edit: Sendable {
        let state: Signed<AccountState>
        let certificates: [Signed<DeviceCertificate>]
    }

    let server: ServerID
    let accountKey: SigningKey
    /// Milliseconds since 1970.
    let now: UInt64

    /// The first state: one device.
    func begin(name: NameLabel, deviceKey: SigningPublicKey, suite: KEMSuite, flags: DeviceCertificate.Flags) throws -> Edit {
        let account = AccountID(server: server, firstKey: accountKey.publicKey)
        let certificate = DeviceCertificate(
            account: account, firstSeq: 1, deviceKey: deviceKey, suite: suite, flags: flags, created: now)
        return try edit(
            account: account, seq: 1, previous: .zero, name: name, certificates: [CertificateHash(of: certificate)],
            adding: [certificate])
    }

    /// One device more.
    func add(deviceKey: SigningPublicKey, suite: KEMSuite, flags: DeviceCertificate.Flags, to chain: AccountChain) throws -> Edit
    {
        let certificate = DeviceCertificate(
            account: chain.account, firstSeq: chain.seq + 1, deviceKey: deviceKey, suite: suite, flags: flags, created: now)
        return try edit(
            account: chain.account, seq: chain.seq + 1, previous: StateHash(of: chain.newestState), name: chain.name,
            certificates: chain.newestState.certificates + [CertificateHash(of: certificate)], adding: [certificate])
    }

    /// Without a device. Throws `notFound` when it is not among them.
    func remove(_ device: DeviceFingerprint, from chain: AccountChain) throws -> Edit {
        let rest = chain.devices.filter { $0.device != device }
        guard rest.count < chain.devices.count else { throw MessengerError.notFound }
        return try edit(
            account: chain.account, seq: chain.seq + 1, previous: StateHash(of: chain.newestState), name: chain.name,
            certificates: rest.map { CertificateHash(of: $0) }, adding: [])
    }

    /// From the state after this one on, another account key signs.
    func renew(_ key: SigningKey, in chain: AccountChain) throws -> Edit {
        try edit(
            account: chain.account, seq: chain.seq + 1, previous: StateHash(of: chain.newestState), name: chain.name,
            certificates: chain.newestState.certificates, adding: [], key: key.publicKey)
    }

    private func edit(
        account: AccountID, seq: UInt32, previous: StateHash, name: NameLabel, certificates: [CertificateHash],
        adding: [DeviceCertificate], key: SigningPublicKey? = nil
    ) throws -> Edit {
        let state = AccountState(
            account: account, seq: seq, previous: previous, accountKey: key ?? accountKey.publicKey, name: name,
            certificates: certificates, time: now)
        guard let state else { throw MessengerError.invalid("An account has at most \(AccountState.maximumDevices) devices.") }
        return Edit(
            state: try Signed(state, by: accountKey, server: server),
            certificates: try adding.map { try Signed($0, by: accountKey, server: server) })
    }
}

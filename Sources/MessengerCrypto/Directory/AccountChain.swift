import KeyLog

/// All states of an account, verified from the first to the one that the log holds: the only source of devices and keys.
///
/// That it exists says that every state follows from the one before, was signed by the account's owner, and that the
/// newest is the one in the log.
public struct AccountChain: Sendable {
    public let server: ServerID
    public let account: AccountID
    private var states: [AccountState] = []
    private var certificates: [CertificateHash: DeviceCertificate] = [:]

    /// - Parameters:
    ///   - states: all of them, from the first.
    ///   - certificates: of at least the devices in the newest state; of removed ones too, if what they sent is to be read.
    ///   - entry: what the replayed log says of the account.
    public init(
        server: ServerID, states: [Signed<AccountState>], certificates: [Signed<DeviceCertificate>], entry: AccountEntry
    ) throws(DirectoryError) {
        guard let first = states.first?.object else { throw .noStates }
        self.server = server
        account = AccountID(server: server, firstKey: first.accountKey)
        try extend(states: states, certificates: certificates, entry: entry)
    }

    /// Goes on to newer states. A rejected step leaves the chain as it was.
    public mutating func extend(
        states newStates: [Signed<AccountState>], certificates newCertificates: [Signed<DeviceCertificate>], entry: AccountEntry
    ) throws(DirectoryError) {
        var next = self
        for state in newStates { try next.append(state) }
        for certificate in newCertificates { try next.add(certificate) }
        guard let newest = next.states.last else { throw .noStates }
        guard entry.account == account, entry.seq == newest.seq, entry.name == newest.name, entry.state == StateHash(of: newest)
        else { throw .notInLog }
        guard newest.certificates.allSatisfy({ next.certificates[$0] != nil }) else { throw .certificateMissing }
        guard Set(next.devices.map(\.device)).count == next.devices.count else { throw .wrongCertificate }
        self = next
    }

    /// The number of the newest state.
    public var seq: UInt32 { UInt32(states.count) }
    /// What the next state is signed with.
    public var accountKey: SigningPublicKey { states[states.count - 1].accountKey }
    public var name: NameLabel { states[states.count - 1].name }
    public var newestState: AccountState { states[states.count - 1] }

    /// The devices in the newest state.
    public var devices: [DeviceCertificate] { newestState.certificates.compactMap { certificates[$0] } }

    /// A conversation is shown as post-quantum only if this holds for all of its accounts.
    public var isPostQuantum: Bool { devices.allSatisfy { $0.suite?.isPostQuantum == true } }

    /// The devices in an earlier state; nil when there is no such state, or a certificate of it was not served.
    public func devices(at seq: UInt32) -> Set<DeviceFingerprint>? {
        guard let state = state(seq) else { return nil }
        var devices: Set<DeviceFingerprint> = []
        for hash in state.certificates {
            guard let certificate = certificates[hash] else { return nil }
            devices.insert(certificate.device)
        }
        return devices
    }

    /// The newest certificate of a device that any state lists, if it was served.
    public func certificate(of device: DeviceFingerprint) -> DeviceCertificate? {
        certificates.values.filter { $0.device == device }.max { $0.firstSeq < $1.firstSeq }
    }

    public func standing(of device: DeviceFingerprint) -> DeviceStanding {
        let hashes = certificates.filter { $0.value.device == device }.keys
        guard let last = states.lastIndex(where: { state in hashes.contains { state.certificates.contains($0) } }) else {
            return .unknown
        }
        return last == states.count - 1 ? .current : .revoked(at: states[last].seq + 1)
    }

    private func state(_ seq: UInt32) -> AccountState? {
        seq > 0 && seq <= self.seq ? states[Int(seq) - 1] : nil
    }

    private mutating func append(_ signed: Signed<AccountState>) throws(DirectoryError) {
        let state = signed.object
        let last = states.last
        guard state.account == account, signed.follows(last, server: server) else { throw .brokenChain(seq: state.seq) }
        guard signed.isSigned(after: last, server: server) else { throw .wrongStateSignature(seq: state.seq) }
        states.append(state)
    }

    private mutating func add(_ signed: Signed<DeviceCertificate>) throws(DirectoryError) {
        let certificate = signed.object
        let hash = CertificateHash(of: certificate)
        guard let state = state(certificate.firstSeq),
            signed.isListed(first: state, after: self.state(certificate.firstSeq - 1), server: server)
        else { throw .wrongCertificate }
        certificates[hash] = certificate
    }
}

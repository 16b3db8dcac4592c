import KeyLog

/// An account as a publication finds it, which nobody else can change before the commit.
public struct PublishedAccount: Sendable {
    public let newest: AccountState
    /// Where in the log the newest state is.
    public let place: UInt64
    /// All that were ever published.
    public let certificates: [Signed<DeviceCertificate>]
    /// Of `KeyLimits.states`.
    public let statesFreeAt: Timestamp

    public init(newest: AccountState, place: UInt64, certificates: [Signed<DeviceCertificate>], statesFreeAt: Timestamp) {
        self.newest = newest
        self.place = place
        self.certificates = certificates
        self.statesFreeAt = statesFreeAt
    }
}

/// What a store does with a new account state: decided once for all of them.
public enum StateDecision: Sendable {
    /// It is the newest one already, at that place of the log.
    case repeated(place: UInt64)
    case write(StateChange)
}

public struct StateChange: Sendable {
    /// An account whose states, certificates and keys go before, with a tombstone.
    public let replaced: AccountID?
    public let newCertificates: [Signed<DeviceCertificate>]
    /// The devices that the state lists, with the certificate of each.
    public let devices: [DeviceFingerprint: CertificateHash]
    public let statesFreeAt: Timestamp
}

extension StatePublication {
    /// - Parameter account: nil when the user has published nothing.
    public func decide(on account: PublishedAccount?, limits: KeyLimits) throws(KeyError) -> StateDecision {
        if let account, StateHash(of: account.newest) == StateHash(of: state.object) { return .repeated(place: account.place) }
        let replaced = account.flatMap { $0.newest.account == replaces ? $0.newest.account : nil }
        let previous = replaced == nil ? account?.newest : nil
        guard state.follows(previous, server: server) else {
            if let previous, previous.seq != state.object.seq &- 1 || previous.account != state.object.account {
                throw .staleState(newest: previous.seq)
            }
            throw .invalid(field: "state", reason: "Does not follow the state before it, or is not of the account that its key names.")
        }
        guard state.isSigned(after: previous, server: server) else {
            throw .invalid(field: "state", reason: "Not signed with the account key.")
        }
        let (new, devices) = try certificates(known: replaced == nil ? account?.certificates ?? [] : [], after: previous)
        switch limits.states.take(freeAt: account?.statesFreeAt, now: now) {
        case .refused(let pause): throw .tooManyStates(retryAfter: pause)
        case .taken(let freeAt):
            return .write(StateChange(replaced: replaced, newCertificates: new, devices: devices, statesFreeAt: freeAt))
        }
    }

    /// The certificates that are new with this state, and the devices of all that it lists.
    private func certificates(
        known: [Signed<DeviceCertificate>], after previous: AccountState?
    ) throws(KeyError) -> (new: [Signed<DeviceCertificate>], devices: [DeviceFingerprint: CertificateHash]) {
        var all = Dictionary(known.map { (CertificateHash(of: $0.object), $0) }) { first, _ in first }
        var new: [Signed<DeviceCertificate>] = []
        for (index, certificate) in certificates.enumerated() where all[CertificateHash(of: certificate.object)] == nil {
            guard certificate.isListed(first: state.object, after: previous, server: server) else {
                throw .invalid(
                    field: "certificates.\(index)",
                    reason: "Not signed with the account key, or not first listed in this state.")
            }
            all[CertificateHash(of: certificate.object)] = certificate
            new.append(certificate)
        }
        var devices: [DeviceFingerprint: CertificateHash] = [:]
        for hash in state.object.certificates {
            guard let certificate = all[hash] else {
                throw .invalid(field: "certificates", reason: "A certificate that the state lists is missing.")
            }
            guard devices.updateValue(hash, forKey: certificate.object.device) == nil else {
                throw .invalid(field: "state", reason: "Lists a device twice.")
            }
        }
        return (new, devices)
    }
}

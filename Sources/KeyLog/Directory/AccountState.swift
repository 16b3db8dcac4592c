/// The devices of an account from one change to the next, signed with the account key.
public struct AccountState: SignedObject {
    public static let label: StaticString = "state"
    public static let version: UInt8 = 1
    public static let maximumDevices = 16

    public let account: AccountID
    /// Counts from 1.
    public let seq: UInt32
    /// Zero in the first state.
    public let previous: StateHash
    /// The account key from this state on. A state is signed with the key of the one before it, the first with its own.
    public let accountKey: SigningPublicKey
    public let name: NameLabel
    /// Ascending.
    public let certificates: [CertificateHash]
    /// Milliseconds since 1970.
    public let time: UInt64

    /// Nil with more than 16 devices, or the same twice.
    public init?(
        account: AccountID, seq: UInt32, previous: StateHash, accountKey: SigningPublicKey, name: NameLabel,
        certificates: [CertificateHash], time: UInt64
    ) {
        let sorted = certificates.sorted()
        guard sorted.count <= Self.maximumDevices, zip(sorted, sorted.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        self.account = account
        self.seq = seq
        self.previous = previous
        self.accountKey = accountKey
        self.name = name
        self.certificates = sorted
        self.time = time
    }

    /// Nil for another version or length, and when the certificates are not in ascending order.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard (try? reader.integer()) == Self.version,
            let account = try? reader.fixed(AccountID.self), let seq = try? reader.integer(UInt32.self),
            let previous = try? reader.fixed(StateHash.self), let accountKey = try? reader.fixed(SigningPublicKey.self),
            let name = try? reader.fixed(NameLabel.self), let count = try? reader.integer(UInt16.self),
            count <= Self.maximumDevices
        else { return nil }
        var certificates: [CertificateHash] = []
        for _ in 0..<count {
            guard let hash = try? reader.fixed(CertificateHash.self) else { return nil }
            certificates.append(hash)
        }
        guard let time = try? reader.integer(UInt64.self), (try? reader.end()) != nil else { return nil }
        self.init(
            account: account, seq: seq, previous: previous, accountKey: accountKey, name: name, certificates: certificates,
            time: time)
        if self.certificates != certificates { return nil }
    }

    public var bytes: [UInt8] {
        var bytes = [Self.version]
        bytes.append(account)
        bytes.append(bigEndian: seq)
        bytes.append(previous)
        bytes.append(accountKey)
        bytes.append(name)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: certificates.count))
        for hash in certificates { bytes.append(hash) }
        bytes.append(bigEndian: time)
        return bytes
    }
}

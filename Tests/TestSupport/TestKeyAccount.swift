import KeyLog
import MessengerAPI
import MessengerCore
import MessengerCrypto

/// An account as its owner's client keeps it: makes the signed objects that are published.
public struct TestKeyAccount: Sendable {
    public struct Impossible: Error {}

    public let log: LogIdentity
    public let name: NameLabel
    public let id: AccountID
    public private(set) var key: SigningKey
    public private(set) var newest: AccountState?

    public init(_ username: String, log: LogIdentity) {
        self.log = log
        name = NameLabel(username: username, key: log.nameKey)
        key = SigningKey()
        id = AccountID(server: log.server, firstKey: key.publicKey)
    }

    public var seq: UInt32 { newest?.seq ?? 0 }

    /// A device that the next state may list.
    public func device(created: Timestamp) throws -> TestKeyDevice {
        let deviceKey = SigningKey()
        let certificate = DeviceCertificate(
            account: id, firstSeq: seq + 1, deviceKey: deviceKey.publicKey, suite: .x25519, created: created.logTime)
        return TestKeyDevice(
            key: deviceKey, certificate: try Signed(certificate, by: key, server: log.server), server: log.server)
    }

    /// The next state, signed; nothing changes here.
    public func next(
        _ devices: [TestKeyDevice], seq: UInt32? = nil, previous: StateHash? = nil, name: NameLabel? = nil,
        signer: SigningKey? = nil
    ) throws -> Signed<AccountState> {
        let state = AccountState(
            account: id, seq: seq ?? self.seq + 1, previous: previous ?? newest.map { StateHash(of: $0) } ?? .zero,
            accountKey: key.publicKey, name: name ?? self.name,
            certificates: devices.map { CertificateHash(of: $0.certificate.object) }, time: 1)
        guard let state else { throw Impossible() }
        return try Signed(state, by: signer ?? key, server: log.server)
    }

    /// What publishes these devices, all with their certificates.
    public static func request(
        _ state: Signed<AccountState>, _ devices: [TestKeyDevice], replaces: AccountID? = nil
    ) -> PublishStateRequest {
        PublishStateRequest(
            state: Base64Bytes(state.bytes), certificates: devices.map { Base64Bytes($0.certificate.bytes) },
            replaces: replaces.map { Base64Bytes($0.bytes) })
    }

    /// The next state, as published.
    public mutating func advance(_ devices: [TestKeyDevice]) throws -> PublishStateRequest {
        let state = try next(devices)
        newest = state.object
        return Self.request(state, devices)
    }
}

/// A device as its own client keeps it.
public struct TestKeyDevice: Sendable {
    public let key: SigningKey
    public let certificate: Signed<DeviceCertificate>
    public let server: ServerID

    public init(key: SigningKey, certificate: Signed<DeviceCertificate>, server: ServerID) {
        self.key = key
        self.certificate = certificate
        self.server = server
    }

    public var fingerprint: DeviceFingerprint { certificate.object.device }
    public var name: Base64Bytes { Base64Bytes(fingerprint.bytes) }

    public func record(_ kind: KeyRecord.Kind, created: Timestamp, by signer: SigningKey? = nil) throws -> Base64Bytes {
        let record = KeyRecord(
            kind: kind, account: certificate.object.account, device: fingerprint, created: created.logTime,
            key: try KEMPrivateKey(suite: .x25519))
        return Base64Bytes(try Signed(record, by: signer ?? key, server: server).bytes)
    }

    /// A rotating key, if wanted, and so many one-time keys.
    public func keys(rotating: Bool = true, oneTime: Int = 0, created: Timestamp) throws -> PublishKeysRequest {
        PublishKeysRequest(
            device: name, rotating: rotating ? try record(.rotating, created: created) : nil,
            oneTime: try (0..<oneTime).map { _ in try record(.oneTime, created: created) })
    }
}

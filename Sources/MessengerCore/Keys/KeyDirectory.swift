import KeyLog
import MessengerAPI

/// Takes account states and keys in, and hands keys out. It checks what it takes, so that clients are told no nonsense; they
/// believe none of it unverified all the same.
public struct KeyDirectory: Sendable {
    /// A device's clock may be ahead by so much.
    static let clockTolerance = Duration.days(1)
    /// More than the largest key of a KEM that is known.
    static let maximumRecordBytes = 4 << 10
    static let noteIDBytes = 32
    static let maximumNoteBytes = 64 << 10

    private let store: any KeyStore
    private let identity: LogIdentity
    private let time: TimeSource
    private let onLoggedOut: @Sendable ([DeviceID]) -> Void

    /// - Parameter onLoggedOut: told which logins have ended with their devices.
    public init(
        store: any KeyStore, identity: LogIdentity, time: TimeSource, onLoggedOut: @escaping @Sendable ([DeviceID]) -> Void
    ) {
        self.store = store
        self.identity = identity
        self.time = time
        self.onLoggedOut = onLoggedOut
    }

    /// Throws `KeyError` or `StoreError`, as all of these do.
    public func keys(of account: AccountReference) async throws -> KeysResponse {
        guard let keys = try await store.publishedKeys(of: account) else { throw KeyError.noKeys }
        return KeysResponse(
            userID: keys.user, username: keys.username, keysVersion: keys.keysVersion,
            states: keys.states.map { Base64Bytes($0) }, certificates: keys.certificates.map { Base64Bytes($0) },
            devices: keys.devices.map {
                KeysResponse.Device(device: Base64Bytes($0.device.bytes), rotating: $0.rotating.map { Base64Bytes($0) })
            })
    }

    public func publish(_ request: PublishStateRequest, by session: Session) async throws -> PublishStateResponse {
        guard let state = Signed<AccountState>(request.state.bytes) else {
            throw KeyError.invalid(field: "state", reason: "Not a signed account state.")
        }
        guard state.object.name == NameLabel(username: session.username.text, key: identity.nameKey) else {
            throw KeyError.invalid(field: "state", reason: "The name label is not that of this user.")
        }
        guard request.certificates.count <= AccountState.maximumDevices else {
            throw KeyError.invalid(field: "certificates", reason: "At most \(AccountState.maximumDevices).")
        }
        let certificates = try request.certificates.enumerated().map { index, bytes in
            guard let certificate = Signed<DeviceCertificate>(bytes.bytes) else {
                throw KeyError.invalid(field: "certificates.\(index)", reason: "Not a signed device certificate.")
            }
            return certificate
        }
        let published = try await store.publish(
            StatePublication(
                user: session.user, server: identity.server, state: state, certificates: certificates,
                replaces: try request.replaces.map { try Self.fixed($0, "replaces") }, now: time.now()))
        if !published.loggedOut.isEmpty { onLoggedOut(published.loggedOut) }
        return PublishStateResponse(seq: published.seq, keysVersion: published.keysVersion, logSize: published.logSize)
    }

    public func publish(_ request: PublishKeysRequest, by session: Session) async throws -> PublishKeysResponse {
        let device: DeviceFingerprint = try Self.fixed(request.device, "device")
        guard let bytes = try await store.certificate(of: device, of: session.user),
            let certificate = Signed<DeviceCertificate>(bytes)?.object
        else { throw KeyError.invalid(field: "device", reason: "Not in the newest state of the account.") }
        // The device's name is a hash of its key: what is signed with it now stays so, whatever happens until the commit.
        let now = time.now()
        let rotating = try request.rotating.map {
            try record($0, .rotating, of: certificate, field: "rotating", now: now)
        }
        guard request.oneTime.count <= KeyLimits().oneTimeKeys else { throw KeyError.oneTimeKeysFull }
        let oneTime = try request.oneTime.enumerated().map { index, bytes in
            try record(bytes, .oneTime, of: certificate, field: "one_time.\(index)", now: now)
        }
        let count = try await store.publish(
            KeyPublication(
                user: session.user, session: session.device, device: device, rotating: rotating, oneTime: oneTime, now: now))
        return PublishKeysResponse(
            keysVersion: count.keysVersion, oneTime: count.oneTime, sealedThrough: count.sealedThrough)
    }

    public func count(of device: Base64Bytes, for session: Session) async throws -> KeyCountResponse {
        guard let count = try await store.keyCount(of: try Self.fixed(device, "device"), of: session.user, now: time.now()) else {
            throw KeyError.noKeys
        }
        return KeyCountResponse(
            keysVersion: count.keysVersion, oneTime: count.oneTime, rotating: count.rotating.map { Base64Bytes($0.bytes) },
            sealedThrough: count.sealedThrough)
    }

    public func claim(_ request: ClaimKeysRequest, by session: Session) async throws -> ClaimKeysResponse {
        guard let name = IdempotencyKey(request.requestID) else {
            throw KeyError.invalid(field: "request_id", reason: "1 to 64 visible ASCII characters.")
        }
        guard (request.devices?.count ?? 0) <= AccountState.maximumDevices else {
            throw KeyError.invalid(field: "devices", reason: "At most \(AccountState.maximumDevices).")
        }
        let devices = try request.devices?.enumerated().map { index, bytes in
            try Self.fixed(bytes, "devices.\(index)") as DeviceFingerprint
        }
        let claim = KeyClaim(
            claimer: session.user, target: request.userID, request: name, devices: devices.map { Set($0) }, now: time.now())
        guard let claimed = try await store.claim(claim) else { throw KeyError.noKeys }
        return ClaimKeysResponse(
            keysVersion: claimed.keysVersion,
            keys: claimed.keys.map {
                ClaimKeysResponse.Key(device: Base64Bytes($0.device.bytes), record: Base64Bytes($0.record))
            })
    }

    public func keep(_ request: LinkNoteRequest, by session: Session) async throws {
        guard request.id.bytes.count == Self.noteIDBytes else {
            throw KeyError.invalid(field: "id", reason: "\(Self.noteIDBytes) bytes.")
        }
        guard request.data.bytes.count <= Self.maximumNoteBytes else {
            throw KeyError.invalid(field: "data", reason: "At most \(Self.maximumNoteBytes) bytes.")
        }
        try await store.keep(
            LinkNote(user: session.user, id: request.id.bytes, data: request.data.bytes, now: time.now()))
    }

    public func linkNote(_ id: Base64Bytes, for session: Session) async throws -> LinkNoteResponse {
        guard let data = try await store.linkNote(id.bytes, of: session.user, now: time.now()) else {
            throw KeyError.noSuchNote
        }
        return LinkNoteResponse(data: Base64Bytes(data))
    }

    /// A record of that kind, signed by the device, in its suite, and of now.
    private func record(
        _ bytes: Base64Bytes, _ kind: KeyRecord.Kind, of certificate: DeviceCertificate, field: String, now: Timestamp
    ) throws(KeyError) -> Signed<KeyRecord> {
        guard bytes.bytes.count <= Self.maximumRecordBytes, let signed = Signed<KeyRecord>(bytes.bytes),
            signed.object.kind == kind
        else { throw .invalid(field: field, reason: "Not a signed key record of this kind.") }
        let record = signed.object
        guard record.account == certificate.account, record.device == certificate.device, record.kem == certificate.kem else {
            throw .invalid(field: field, reason: "Of another device, or of another suite than its certificate.")
        }
        guard record.expires > now.logTime, record.created <= (now + Self.clockTolerance).logTime else {
            throw .invalid(field: field, reason: "Expired, or made in the future.")
        }
        guard signed.isValid(by: certificate.deviceKey, server: identity.server) else {
            throw .invalid(field: field, reason: "Not signed with the device key.")
        }
        return signed
    }

    private static func fixed<Value: FixedBytes>(_ bytes: Base64Bytes, _ field: String) throws(KeyError) -> Value {
        guard let value = Value(bytes.bytes) else { throw .invalid(field: field, reason: "\(Value.byteCount) bytes.") }
        return value
    }
}

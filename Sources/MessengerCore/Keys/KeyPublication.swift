import KeyLog
import MessengerAPI

/// New keys of a device, well-formed and signed by it.
public struct KeyPublication: Sendable {
    public let user: UserID
    /// The login that publishes.
    public let session: DeviceID
    public let device: DeviceFingerprint
    public let rotating: Signed<KeyRecord>?
    public let oneTime: [Signed<KeyRecord>]
    public let now: Timestamp

    public init(
        user: UserID, session: DeviceID, device: DeviceFingerprint, rotating: Signed<KeyRecord>?, oneTime: [Signed<KeyRecord>],
        now: Timestamp
    ) {
        self.user = user
        self.session = session
        self.device = device
        self.rotating = rotating
        self.oneTime = oneTime
        self.now = now
    }
}

/// The keys of a device as a publication finds them, which nobody else can change before the commit.
public struct DeviceKeys: Sendable {
    /// The login that they belong to; nil when there is none yet, or it has gone.
    public let owner: DeviceID?
    public let rotating: Signed<KeyRecord>?
    /// One-time keys that wait.
    public let waiting: Int
    /// Of the one-time keys that are published, those that were published before, handed out or not.
    public let known: Set<KeyID>

    public init(owner: DeviceID?, rotating: Signed<KeyRecord>?, waiting: Int, known: Set<KeyID>) {
        self.owner = owner
        self.rotating = rotating
        self.waiting = waiting
        self.known = known
    }
}

/// What a store writes of a publication.
public struct KeyChange: Sendable {
    /// Takes the place of the one that is there, and makes a new keys version.
    public let rotating: Signed<KeyRecord>?
    public let oneTime: [Signed<KeyRecord>]
}

extension KeyPublication {
    /// - Parameter keys: nil when the newest state does not list the device.
    public func decide(on keys: DeviceKeys?, limits: KeyLimits) throws(KeyError) -> KeyChange {
        guard let keys else { throw .invalid(field: "device", reason: "Not in the newest state of the account.") }
        guard keys.owner == nil || keys.owner == session else { throw .foreignDevice }
        var seen = keys.known
        let new = oneTime.filter { seen.insert(KeyID(of: $0.object)).inserted }
        guard keys.waiting + new.count <= limits.oneTimeKeys else { throw .oneTimeKeysFull }
        return KeyChange(rotating: try newRotating(keys.rotating), oneTime: new)
    }

    private func newRotating(_ old: Signed<KeyRecord>?) throws(KeyError) -> Signed<KeyRecord>? {
        guard let rotating else { return nil }
        guard let old else { return rotating }
        if KeyID(of: old.object) == KeyID(of: rotating.object) { return nil }
        guard rotating.object.created > old.object.created else {
            throw .invalid(field: "rotating", reason: "Not newer than the one that is published.")
        }
        return rotating
    }
}

/// What a device has at the server.
public struct KeyCount: Equatable, Sendable {
    public let keysVersion: KeysVersion
    public let oneTime: Int
    public let rotating: KeyID?
    public let sealedThrough: MessageNumber

    public init(keysVersion: KeysVersion, oneTime: Int, rotating: KeyID?, sealedThrough: MessageNumber) {
        self.keysVersion = keysVersion
        self.oneTime = oneTime
        self.rotating = rotating
        self.sealedThrough = sealedThrough
    }
}

import KeyLog
import MessengerAPI

/// The key directory: account states, certificates and keys as their owners signed them. Each method is one transaction.
///
/// Locks are taken in the order of the other stores (account, idempotency keys, inbox, devices), then keys, and the head of
/// the log last.
public protocol KeyStore: Sendable {
    /// Everything published of an account, in one snapshot; nil when there is nothing.
    func publishedKeys(of account: AccountReference) async throws -> PublishedKeys?

    /// Appends the state to the account and, with it, to the key log; removes the keys of devices that it lists no more and
    /// ends their sessions. The same state again changes nothing. Throws `KeyError`.
    func publish(_ state: StatePublication) async throws -> StatePublished

    /// The signed certificate of a device that the newest state lists, or nil.
    func certificate(of device: DeviceFingerprint, of user: UserID) async throws -> [UInt8]?

    /// Replaces the device's rotating key and adds one-time keys. From then on the device belongs to the login that
    /// publishes. Records that are there, or were, change nothing. Throws `KeyError`.
    func publish(_ keys: KeyPublication) async throws -> KeyCount

    /// Nil when the newest state does not list the device.
    func keyCount(of device: DeviceFingerprint, of user: UserID, now: Timestamp) async throws -> KeyCount?

    /// Hands out keys: no one-time key to two claims, also after a crash. Nil when the target has published nothing.
    func claim(_ claim: KeyClaim) async throws -> ClaimedKeys?

    /// Keeps the note until it expires; the same again changes nothing. Throws `KeyError.noteTaken` and `.tooManyNotes`.
    func keep(_ note: LinkNote) async throws

    /// The data of a live note of the user, or nil.
    func linkNote(_ id: [UInt8], of user: UserID, now: Timestamp) async throws -> [UInt8]?
}

public struct PublishedKeys: Sendable {
    public let user: UserID
    public let username: String
    public let keysVersion: KeysVersion
    /// Signed, all of them from the first.
    public let states: [[UInt8]]
    public let certificates: [[UInt8]]
    /// The devices in the newest state, each with its signed rotating KeyRecord.
    public let devices: [(device: DeviceFingerprint, rotating: [UInt8]?)]

    public init(
        user: UserID, username: String, keysVersion: KeysVersion, states: [[UInt8]], certificates: [[UInt8]],
        devices: [(device: DeviceFingerprint, rotating: [UInt8]?)]
    ) {
        self.user = user
        self.username = username
        self.keysVersion = keysVersion
        self.states = states
        self.certificates = certificates
        self.devices = devices
    }
}

/// What one device of a user leaves for another.
public struct LinkNote: Sendable {
    public let user: UserID
    public let id: [UInt8]
    public let data: [UInt8]
    public let now: Timestamp

    public init(user: UserID, id: [UInt8], data: [UInt8], now: Timestamp) {
        self.user = user
        self.id = id
        self.data = data
        self.now = now
    }
}

extension LinkNote {
    /// Whether it is one of the user's live notes already. Throws `KeyError` when it may not be added to them.
    public func isThere(among notes: [(id: [UInt8], data: [UInt8])], limits: KeyLimits) throws(KeyError) -> Bool {
        if let note = notes.first(where: { $0.id == id }) {
            guard note.data == data else { throw .noteTaken }
            return true
        }
        guard notes.count < limits.notes else { throw .tooManyNotes }
        return false
    }
}

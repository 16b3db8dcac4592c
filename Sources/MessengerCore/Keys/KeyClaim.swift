import KeyLog
import MessengerAPI

/// Asks for a key of each device of a user.
public struct KeyClaim: Sendable {
    public let claimer: UserID
    public let target: UserID
    /// The claimer's own name for it: the same claim again gets the same one-time keys.
    public let request: IdempotencyKey
    /// Only of these; of all when nil.
    public let devices: Set<DeviceFingerprint>?
    public let now: Timestamp

    public init(
        claimer: UserID, target: UserID, request: IdempotencyKey, devices: Set<DeviceFingerprint>?, now: Timestamp
    ) {
        self.claimer = claimer
        self.target = target
        self.request = request
        self.devices = devices
        self.now = now
    }

    public func wants(_ device: DeviceFingerprint) -> Bool { devices?.contains(device) ?? true }

    /// The answer: for each wanted device its one-time key, else its rotating one, else nothing.
    public func answer(
        _ keysVersion: KeysVersion, oneTime: [DeviceFingerprint: [UInt8]], rotating: [DeviceFingerprint: [UInt8]]
    ) -> ClaimedKeys {
        let records = rotating.merging(oneTime) { $1 }.filter { wants($0.key) }
        return ClaimedKeys(
            keysVersion: keysVersion,
            keys: records.sorted { $0.key < $1.key }.map { ClaimedKeys.Key(device: $0.key, record: $0.value) })
    }
}

public struct ClaimedKeys: Equatable, Sendable {
    public struct Key: Equatable, Sendable {
        public let device: DeviceFingerprint
        /// A signed KeyRecord.
        public let record: [UInt8]
    }

    public let keysVersion: KeysVersion
    /// Ascending by device.
    public let keys: [Key]
}

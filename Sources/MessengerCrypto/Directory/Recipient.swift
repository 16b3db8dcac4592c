import KeyLog

/// An account, its devices and the key of each: what one envelope is sealed to.
public struct Recipient: Sendable {
    public let account: AccountID
    /// The number of the state that the devices come from.
    public let seq: UInt32
    /// Ascending by device.
    public let keys: [SealingKey]
    public let skipped: [SkippedDevice]
}

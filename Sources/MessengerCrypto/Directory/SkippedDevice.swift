import KeyLog

/// A device that a message is not sealed to, while the others still get it. The sender is shown this.
public struct SkippedDevice: Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// No key was served for it.
        case noKey
        /// Its key encapsulation is not known here.
        case unknownSuite
        /// The record is of another device or suite, is not signed by the device, or has expired.
        case wrongRecord
        /// The record is older than the newest one that the device has named in a message.
        case olderThanNamed
        /// The public key is none that can be sealed to.
        case wrongKey
    }

    public let account: AccountID
    public let device: DeviceFingerprint
    public let reason: Reason
}

import KeyLog
import MessengerCrypto

/// For what keys are asked: to whom a message goes, and which keys it may use up.
struct SealingRequest: Sendable {
    /// Names a claim of one-time keys, so that a repeat brings the same ones; nil for rotating keys.
    var claim: String?
    /// The sending device, in its own account.
    var without: DeviceFingerprint?
    /// For one device alone, that has asked again.
    var only: DeviceFingerprint?
}

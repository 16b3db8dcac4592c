import Foundation
import MessengerCrypto

/// A message of one's own.
public struct SentMessage: Sendable, Hashable {
    /// Names it for good.
    public let hash: MessageHash
    public let sent: Date
    public let delivery: Delivery
    /// Devices that it was not sealed to, to be shown. Empty while it waits.
    public let skippedDevices: [SkippedDevice]
    /// Members of a group who have no device any more that could get it, by name.
    public let passedOver: [String]
    /// Devices of the receiver, or of the other members, that this one had not seen before, to be shown.
    public let newDevices: [Device]
}

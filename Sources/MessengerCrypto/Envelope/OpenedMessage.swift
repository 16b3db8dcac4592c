import KeyLog

/// A message whose sender is known.
public struct OpenedMessage: Sendable {
    public let message: Message
    /// The state of the receiver's account that the sender sealed to.
    public let toSeq: UInt32
    /// The key that opened it: a one-time key is destroyed with the storing of the message.
    public let keyID: KeyID
    /// What to remember, so that a repeat is known.
    public let envelope: EnvelopeHash
    /// The sending device as its account certified it.
    public let fromDevice: DeviceCertificate
    /// What is to be shown beside it: `deviceList`, and `device` when it comes from a device that its account has removed.
    public let findings: [EnvelopeCheck]

    /// What comes from a removed device is shown as such and not applied, whatever time it claims.
    public var isFromRemovedDevice: Bool { findings.contains(.device) }
}

import KeyLog

/// A key that a message may be sealed to: only a verified account chain makes one.
public struct SealingKey: Sendable {
    public let device: DeviceFingerprint
    public let id: KeyID
    public let suite: KEMSuite
    public let kind: KeyRecord.Kind
    let publicKey: KEMPublicKey
}

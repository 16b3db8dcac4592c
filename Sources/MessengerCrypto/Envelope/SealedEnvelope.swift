import KeyLog

/// A message sealed for one account.
public struct SealedEnvelope: Sendable {
    public let account: AccountID
    /// The state of the account whose devices it was sealed to.
    public let seq: UInt32
    public let bytes: [UInt8]
    /// The devices of the account that got no slot, to be shown to the sender.
    public let skipped: [SkippedDevice]
}

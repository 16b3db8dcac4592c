import KeyLog

/// What everyone may know of an installation's key log.
public struct LogIdentity: Sendable {
    /// The verifier key that the installation is named after, for good.
    public let first: VerifierKey
    /// Signs checkpoints now.
    public let key: VerifierKey
    /// How `key` follows from `first`, the oldest first.
    public let introductions: [KeyIntroduction]
    /// Its cosignatures say how fresh a checkpoint is.
    public let cosigner: VerifierKey
    /// What name labels are made with; for members.
    public let nameKey: [UInt8]

    public var server: ServerID { ServerID(log: first) }
}

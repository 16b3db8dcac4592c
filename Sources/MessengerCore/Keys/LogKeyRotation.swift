/// A change of the key that signs the log: what a store writes together.
public struct LogKeyRotation: Sendable {
    /// The new value of `LogSecrets.Part.signer`.
    public let signer: [UInt8]
    /// The value of `LogSecrets.successionName`.
    public let succession: [UInt8]
    /// The head's, signed with both keys.
    public let checkpoint: [UInt8]
}

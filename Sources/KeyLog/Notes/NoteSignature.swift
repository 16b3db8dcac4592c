/// One signature line of a note, by a key that may be unknown.
public struct NoteSignature: Hashable, Sendable {
    public let name: String
    public let keyID: UInt32
    /// What follows the key's id: an Ed25519 signature, after eight bytes of time if it is a cosignature.
    public let bytes: [UInt8]
}

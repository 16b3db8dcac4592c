/// What a key of a signed note signs with it.
public enum NoteKeyKind: UInt8, Sendable {
    /// The note's text, with Ed25519.
    case ed25519 = 0x01
    /// A time and the checkpoint (C2SP tlog-cosignature v1), with Ed25519.
    case cosignature = 0x04
}

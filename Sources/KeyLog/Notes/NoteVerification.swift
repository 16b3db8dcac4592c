/// That a key has signed a note.
public struct NoteVerification: Hashable, Sendable {
    /// Of a cosignature, the seconds since 1970 that it states; 0 of another signature.
    public let time: UInt64
}

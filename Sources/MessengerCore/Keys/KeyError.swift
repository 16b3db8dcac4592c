import KeyLog

/// Why a call of the key directory was refused. Nothing of it was stored.
public enum KeyError: Error, Equatable, Sendable {
    /// `field` is its name on the wire.
    case invalid(field: String, reason: String)
    /// The user is not there, or has published nothing.
    case noKeys
    /// The state is not the next one; this is the newest.
    case staleState(newest: UInt32)
    /// The keys of the device belong to another session of the user.
    case foreignDevice
    case oneTimeKeysFull
    /// A first state of an account that has been in the log before, perhaps another user's, perhaps deleted.
    case knownAccount
    case tooManyStates(retryAfter: Duration)
    /// There is another note under that id.
    case noteTaken
    case tooManyNotes
    case noSuchNote
}

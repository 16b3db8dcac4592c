/// What a process does of the whole.
public enum ServerRole: Sendable {
    /// Everything, alone.
    case all
    /// Answers the API and holds the live streams.
    case listener
    /// Pushes callbacks.
    case sender
}

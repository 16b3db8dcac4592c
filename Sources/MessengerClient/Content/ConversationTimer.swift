/// What somebody said of the messages that come after.
public enum ConversationTimer: Sendable, Hashable {
    /// They go by themselves after so many seconds.
    case set(Int)
    /// They stay.
    case off
}

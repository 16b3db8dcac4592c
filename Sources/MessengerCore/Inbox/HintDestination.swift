/// Whom a hint is for.
public enum HintDestination: Hashable, Sendable {
    /// That process, if it still runs.
    case node(NodeID)
    /// One sender, whichever takes it.
    case anySender
}

/// What has become of the history that a linked device waits for.
public enum HistoryTransfer: Sendable, Hashable {
    /// The other device has not answered yet.
    case waiting
    /// Its owner does not want to give it, or there is none.
    case refused
    /// So many messages came.
    case received(Int)
}

/// What a store says when it cannot do its work; the caller's request was in order.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing was written; it may work later.
    case unavailable(String)
    /// Nobody could be asked: nothing was written, and whatever else is asked now will not be either.
    case unreachable(String)
    /// The disk is full. Nothing was written.
    case full
    /// COMMIT failed or got no answer: what was written is not known, so it must not be run again.
    case outcomeUnknown(String)

    public var description: String {
        switch self {
        case .unavailable(let reason): "the store is unavailable: \(reason)"
        case .unreachable(let reason): "the store cannot be reached: \(reason)"
        case .full: "the disk is full"
        case .outcomeUnknown(let reason): "a commit got no answer: \(reason)"
        }
    }
}

/// Whether callbacks of a login can reach its address, as its answer says it.
enum CallbackReach: CustomStringConvertible {
    case active
    /// Nothing is pushed, and why.
    case none(String)
    /// Pushes are tried, and why they may fail.
    case unknown(String)

    var isPushable: Bool { if case .none = self { false } else { true } }

    var description: String {
        switch self {
        case .active: "active"
        case .none(let reason): "none: \(reason)"
        case .unknown(let reason): "unknown: \(reason)"
        }
    }
}

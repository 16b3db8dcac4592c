/// What a member of a group may do. Anyone may leave.
public enum GroupRole: UInt8, Sendable {
    case member = 1
    /// May change the group.
    case admin = 2
}

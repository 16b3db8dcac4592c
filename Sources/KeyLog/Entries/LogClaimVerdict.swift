/// How a claim about the log compares with what this client has replayed.
public enum LogClaimVerdict: Hashable, Sendable {
    case agrees
    /// The claim is about a longer log: replay up to its size, then compare again.
    case needsNewerLog
    /// Another root at that size: two people were shown different logs.
    case otherRoot
    /// The claimed state of the account is not in the log that the claim itself names.
    case unknownState
}

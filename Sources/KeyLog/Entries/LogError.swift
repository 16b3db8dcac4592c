/// Why what a server shows of its log cannot be true. Each is a reason to stop and to tell the person.
public enum LogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The checkpoint has fewer entries than one seen before.
    case rolledBack(from: UInt64, to: UInt64)
    /// Two different trees of the same size.
    case splitView(size: UInt64)
    /// The records do not lead to the root that was signed.
    case otherRoot(size: UInt64)
    /// There are more or fewer records than the checkpoint says.
    case wrongCount
    /// A record is missing, and no tombstone covers it.
    case erasedWithoutTombstone(index: UInt64)
    /// A tombstone does not cover exactly the entries of its account.
    case wrongTombstone(index: UInt64)
    /// A state that does not follow the last one of its account, or follows its tombstone.
    case outOfSequence(index: UInt64)

    public var description: String {
        switch self {
        case .rolledBack: "The server's key log has lost entries that were there before."
        case .splitView: "The server shows different key logs to different people."
        case .otherRoot: "The entries of the key log are not those that the server signed."
        case .wrongCount: "The server did not serve all entries of the key log."
        case .erasedWithoutTombstone: "An entry of the key log is missing without a reason."
        case .wrongTombstone: "A deletion in the key log covers other entries than those of its account."
        case .outOfSequence: "The key log contradicts itself about an account."
        }
    }
}

/// What is wrong with a signed note or the checkpoint in it.
public enum NoteError: Error, Equatable, Sendable, CustomStringConvertible {
    case malformed
    /// A line under a known key's name and id that the key has not signed.
    case badSignature
    /// The key that must have signed has not.
    case notSigned
    /// The log's key is another one than before, and the one before has not signed for it.
    case notIntroduced
    /// A checkpoint of another log.
    case otherOrigin

    public var description: String {
        switch self {
        case .malformed: "The key log's checkpoint cannot be read."
        case .badSignature: "A signature on the key log's checkpoint is wrong."
        case .notSigned: "The key log's checkpoint is not signed by the log's key."
        case .notIntroduced: "The key log is signed with a new key that its old key has not introduced."
        case .otherOrigin: "The checkpoint is of another key log."
        }
    }
}

/// Why a proof was not made, or does not hold.
public enum ProofError: Error, Equatable, Sendable {
    /// The sizes or the index belong to no tree that is there.
    case noSuchTree
    /// The proof has a hash too many or too few.
    case wrongLength
    /// The hashes do not lead to the root.
    case wrongRoot
}

/// How far a file is on its way to or from the server.
public struct TransferProgress: Sendable, Hashable {
    /// Bytes of the encrypted file, which is a little longer than the plain one.
    public let done: Int
    public let total: Int
}

import KeyLog

/// What a stream is for, and so the context that its keys are bound to.
public enum ChunkedPurpose: Hashable, Sendable {
    /// Under a key of its own, which the message carries.
    case attachment
    /// Under the backup key of an account.
    case backup(server: ServerID, account: AccountID)

    var context: [UInt8] {
        switch self {
        case .attachment: Label.bytes("attachment")
        case .backup(let server, let account): Label.bytes("backup") + server.bytes + account.bytes
        }
    }
}

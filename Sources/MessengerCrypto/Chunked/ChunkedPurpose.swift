import KeyLog

/// What a stream is for, and so the context that its keys are bound to.
public enum ChunkedPurpose: Hashable, Sendable {
    /// Under a key of its own, which the message carries.
    case attachment
    /// Under the backup key of an account.
    case backup(server: ServerID, account: AccountID)
    /// Under a key of its own, for the device of this link bundle, named by its hash.
    case history(server: ServerID, account: AccountID, bundle: [UInt8])

    var context: [UInt8] {
        switch self {
        case .attachment: Label.bytes("attachment")
        case .backup(let server, let account): Label.bytes("backup") + server.bytes + account.bytes
        case .history(let server, let account, let bundle):
            Label.bytes("link-history-stream") + server.bytes + account.bytes + bundle
        }
    }
}

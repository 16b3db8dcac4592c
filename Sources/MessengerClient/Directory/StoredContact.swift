import KeyLog

/// What this device has decided about a name.
struct StoredContact: Sendable {
    let username: String
    let account: AccountID
    /// A person has compared the safety number.
    var isVerified: Bool
    /// Something was sealed to it before.
    var isWritten: Bool
}

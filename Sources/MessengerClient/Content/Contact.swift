import KeyLog
import MessengerAPI

/// Somebody whose account was checked against the key log.
public struct Contact: Sendable {
    public let username: String
    public let userID: UserID
    public let account: AccountID
    public let devices: [Device]
    /// The safety number was compared.
    public let isVerified: Bool
    /// Every device of both is, one's own included.
    public let isPostQuantum: Bool
    /// The name has another account than the one known before: nothing is sent until it is accepted.
    public let isNewAccount: Bool
}

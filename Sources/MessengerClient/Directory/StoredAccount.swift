import KeyLog
import MessengerAPI
import MessengerCrypto

/// An account as its owner signed it, with the name and number under which the server has it.
struct StoredAccount: Sendable {
    let account: AccountID
    let userID: UserID
    let username: String
    let states: [Signed<AccountState>]
    let certificates: [Signed<DeviceCertificate>]
}

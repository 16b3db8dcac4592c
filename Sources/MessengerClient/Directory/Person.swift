import KeyLog
import MessengerAPI
import MessengerCrypto

/// Somebody whose account was verified against the log.
struct Person: Sendable {
    let userID: UserID
    let username: String
    let chain: AccountChain

    var account: AccountID { chain.account }
}

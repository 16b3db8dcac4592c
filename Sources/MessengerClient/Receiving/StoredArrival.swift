import KeyLog
import MessengerCrypto

/// What storing an arrival has changed.
struct StoredArrival: Sendable {
    /// Whose it is, if it was opened.
    var sender: AccountID?
    /// A new row that `messages` gives out.
    var position: HistoryPosition?
    /// Messages of one's own that somebody now has, or has read.
    var receipts: [MessageHash] = []
    var findings: [EnvelopeCheck] = []
    var usedOneTimeKey = false
    /// A group with other members or another name than before.
    var changedGroup: ConversationID?
}

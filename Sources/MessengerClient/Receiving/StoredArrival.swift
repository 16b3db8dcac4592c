import KeyLog
import MessengerCrypto

/// What storing an arrival has changed.
struct StoredArrival: Sendable {
    /// A new row that `messages` gives out.
    var position: HistoryPosition?
    /// Messages of one's own that somebody now has, or has read.
    var receipts: [MessageHash] = []
    var findings: [EnvelopeCheck] = []
    var usedOneTimeKey = false
}

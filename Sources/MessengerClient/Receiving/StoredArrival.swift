import KeyLog
import MessengerCrypto

/// What storing an arrival has changed.
struct StoredArrival: Sendable {
    /// A new row that `messages` gives out.
    var position: HistoryPosition?
    /// The sender asks for an envelope again.
    var asked: AskedAgain?
    /// It was for this device and could not be opened: its sender is to be asked.
    var unopened: EnvelopeHash?
    /// Messages of one's own that somebody now has, or has read.
    var receipts: [MessageHash] = []
    var findings: [EnvelopeCheck] = []
    var usedOneTimeKey = false
    /// A group with other members or another name than before.
    var changedGroup: ConversationID?
}

import MessengerCrypto

/// A message on its way into the history.
struct NewMessage: Sendable {
    let message: Message
    let hash: MessageHash
    /// The sender in a group; else the other of the two.
    let peer: String
    let isInGroup: Bool
    let target: MessageHash?
    let isMine: Bool
    /// It came over the network, and is to be given out by `messages`.
    let isIncoming: Bool
    let delivery: Delivery
    let owesReceipt: Bool
    let findings: [EnvelopeCheck]
    /// It comes out of a backup: reading was before.
    var restored: UInt64?

    /// One's own count from sending; others' from reading, which is yet to come.
    func expiresAt(after seconds: Int?) -> UInt64? {
        guard let seconds, let start = isMine ? message.sent : restored else { return nil }
        return start.addingReportingOverflow(UInt64(seconds) * 1000).partialValue
    }
}

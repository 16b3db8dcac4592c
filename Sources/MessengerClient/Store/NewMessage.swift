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
}

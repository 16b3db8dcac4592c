import MessengerCrypto

/// A message on its way into the history.
struct NewMessage: Sendable {
    let message: Message
    let hash: MessageHash
    let peer: String
    let target: MessageHash?
    let isMine: Bool
    /// It came over the network, and is to be given out by `messages`.
    let isIncoming: Bool
    let delivery: Delivery
    let owesReceipt: Bool
    let findings: [EnvelopeCheck]
}

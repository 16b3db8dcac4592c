import KeyLog
import MessengerCrypto

/// What a message in the outbox settles.
enum Obligation: Hashable, Sendable {
    /// The sender of these is told that they have arrived.
    case receipts([MessageHash])
    /// The sender of an envelope is asked for it, at this time: milliseconds since 1970.
    case question(EnvelopeHash, now: UInt64)
}

import KeyLog
import MessengerAPI
import MessengerCrypto

/// What became of a message of the inbox, and so what is to be stored.
enum Arrival: Sendable {
    /// It is not for this device, or came before.
    case nothing(envelope: EnvelopeHash?)
    /// It was on its way to a device whose place this one has taken by the recovery secret: its sender is asked for it.
    case missed(envelope: EnvelopeHash, sender: String)
    /// It could not be opened, and nothing of it is shown.
    case failed(check: EnvelopeCheck, envelope: EnvelopeHash?, sender: String, sent: UInt64)
    case opened(OpenedArrival)
}

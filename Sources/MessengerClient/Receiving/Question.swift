import KeyLog
import MessengerCrypto

/// An envelope that was for this device and could not be opened: whom the server names as its sender is asked for it.
struct Question: Hashable, Sendable {
    let envelope: EnvelopeHash
    let sender: String
}

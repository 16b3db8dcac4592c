import KeyLog
import MessengerCrypto

/// A device that asks for an envelope which it could not open.
struct AskedAgain: Hashable, Sendable {
    let envelope: EnvelopeHash
    let device: DeviceFingerprint
    let account: AccountID
    let peer: String
}

import KeyLog
import MessengerCrypto

/// What the store knows of some envelopes: read at once, since each look into it costs two changes of thread.
struct KnownEnvelopes: Sendable {
    /// Those that were stored before.
    let remembered: Set<EnvelopeHash>
    /// The private keys that the others are sealed to, and that are not gone.
    let keys: [KeyID: KEMPrivateKey]
}

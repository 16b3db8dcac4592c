import KeyLog
import MessengerAPI
import MessengerCrypto

/// A private key of this device, as far as its life depends on it.
struct HeldKey: Hashable, Sendable {
    let id: KeyID
    let kind: KeyRecord.Kind
    /// Milliseconds since 1970.
    let created: UInt64
    var isPublished: Bool
    /// When a newer rotating key took its place; nil while it is the newest.
    var succeededAt: UInt64?
    /// Nothing that was sealed to it has a higher number in the inbox; nil while that is not known.
    var sealedThrough: MessageNumber?
}

import Foundation
import MessengerCrypto

/// A link that this device has begun, in memory alone: a program that ends begins anew.
struct PendingLink: Sendable {
    let code: LinkCode
    let linkKey: KEMPrivateKey
}

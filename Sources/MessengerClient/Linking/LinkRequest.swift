import Foundation
import MessengerCrypto

/// A new device that asks to be certified: shown to the person before anything is done.
public struct LinkRequest: Sendable {
    /// As it calls itself.
    public let deviceName: String
    public let isWeb: Bool
    public let isPostQuantum: Bool
    public let expires: Date
    let bundle: LinkBundle
    let code: LinkCode
}

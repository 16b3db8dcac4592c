import Foundation
import KeyLog
import MessengerCrypto

/// A device of an account, as its owner certified it.
public struct Device: Sendable, Hashable {
    public let fingerprint: DeviceFingerprint
    public let isThisDevice: Bool
    /// A browser, which trusts the server that serves it.
    public let isWeb: Bool
    public let holdsAccountKey: Bool
    public let isPostQuantum: Bool
    public let created: Date
    /// One's own device that came within the last day, as this one has seen: until then its owner is asked whether it is meant to
    /// be there. Nil for others.
    public let newUntil: Date?

    init(_ certificate: DeviceCertificate, this: DeviceFingerprint?, newUntil: Date? = nil) {
        self.newUntil = newUntil
        fingerprint = certificate.device
        isThisDevice = certificate.device == this
        isWeb = certificate.flags.contains(.web)
        holdsAccountKey = certificate.flags.contains(.holdsAccountKey)
        isPostQuantum = certificate.suite?.isPostQuantum == true
        created = Date(milliseconds: certificate.created)
    }
}

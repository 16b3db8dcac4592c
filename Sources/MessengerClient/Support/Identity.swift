import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Who this device is: what its store keeps in one sealed value. It shows nothing of itself.
struct Identity: Codable, Sendable, CustomStringConvertible, CustomReflectable {
    var serverURL: String
    /// DER; nil when the system's roots are trusted.
    var pinnedCertificate: Data?
    var userID: Int64
    var username: String
    /// The server's name for this login.
    var sessionDevice: Int64
    /// Nil after logging out.
    var token: String?
    var deviceSeed: Data
    var suite: UInt16
    /// Nil until this device belongs to an account.
    var account: Data?
    var accountSeed: Data?
    var recoverySecret: Data?
    /// A state that was signed here and may not be published yet, with its new certificates.
    var unpublishedState: Data?
    var unpublishedCertificates: [Data] = []

    var description: String { "identity of \(username)" }
    var customMirror: Mirror { Mirror(self, children: ["username": username]) }
}

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
    /// The account whose place that state takes.
    var unpublishedReplaces: Data?
    /// The account key and its secret from that state on, when it brings another one.
    var nextAccountSeed: Data?
    var nextRecoverySecret: Data?

    var description: String { "identity of \(username)" }
    var customMirror: Mirror { Mirror(self, children: ["username": username]) }

    /// The state that was signed here is at the server.
    mutating func settlePublication() {
        if let seed = nextAccountSeed {
            accountSeed = seed
            recoverySecret = nextRecoverySecret
        }
        dropPublication()
    }

    /// As before it was to belong to one.
    mutating func leaveAccount() {
        account = nil
        accountSeed = nil
        recoverySecret = nil
    }

    mutating func dropPublication() {
        unpublishedState = nil
        unpublishedCertificates = []
        unpublishedReplaces = nil
        nextAccountSeed = nil
        nextRecoverySecret = nil
    }
}

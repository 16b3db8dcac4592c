import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

extension Identity {
    /// A new device, with a key of its own, that belongs to no account yet.
    init(newDeviceOf username: String, at server: ServerAddress, suite: KEMSuite, _ login: LoginResponse) {
        var certificate: Data?
        if case .pinned(let der) = server.trust { certificate = Data(der) }
        self.init(
            serverURL: server.url, pinnedCertificate: certificate, userID: login.userID.rawValue, username: username,
            sessionDevice: login.deviceID.rawValue, token: login.token, deviceSeed: Data(SigningKey().seed.exposed),
            suite: suite.rawValue)
    }

    /// A new session of the same device.
    mutating func renew(_ login: LoginResponse) {
        sessionDevice = login.deviceID.rawValue
        token = login.token
    }
}

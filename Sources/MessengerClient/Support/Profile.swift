import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization

/// The identity of this device as every part of the client sees it: in memory, and in the store.
final class Profile: Sendable {
    private static let setting = "identity"

    let userID: UserID
    let username: String
    let server: ServerAddress
    let deviceKey: SigningKey
    let suite: KEMSuite
    private let store: LocalStore
    private let identity: Mutex<Identity>

    /// Throws `MessengerError.store` for an identity that no client of ours wrote.
    init(_ identity: Identity, store: LocalStore) throws {
        guard let deviceKey = SigningKey(seed: SecretBytes(identity.deviceSeed)), let suite = KEMSuite(rawValue: identity.suite)
        else { throw MessengerError.store("its identity is damaged") }
        userID = UserID(identity.userID)
        username = identity.username
        server = try ServerAddress(
            identity.serverURL, trust: identity.pinnedCertificate.map { .pinned(certificate: Array($0)) } ?? .system)
        self.deviceKey = deviceKey
        self.suite = suite
        self.store = store
        self.identity = Mutex(identity)
    }

    static func load(from store: LocalStore) async throws -> Profile {
        guard let bytes = try await store.setting(setting),
            let identity = try? JSONDecoder().decode(Identity.self, from: Data(bytes))
        else { throw MessengerError.noStore }
        return try Profile(identity, store: store)
    }

    /// In the store first.
    func update(_ change: @Sendable (inout Identity) -> Void) async throws {
        var next = identity.withLock { $0 }
        change(&next)
        try await store.set(Self.setting, WireJSON.encode(next))
        identity.withLock { change(&$0) }
    }

    var current: Identity { identity.withLock { $0 } }
    var sessionDevice: DeviceID { DeviceID(current.sessionDevice) }

    /// Throws `MessengerError.loggedOut`.
    func token() throws -> String {
        guard let token = current.token else { throw MessengerError.loggedOut }
        return token
    }

    var account: AccountID? { current.account.flatMap { AccountID($0) } }

    /// Throws `MessengerError.notCertified` before this device belongs to an account.
    func certifiedAccount() throws -> AccountID {
        guard let account else { throw MessengerError.notCertified }
        return account
    }

    func fingerprint() throws -> DeviceFingerprint {
        DeviceFingerprint(account: try certifiedAccount(), key: deviceKey.publicKey)
    }

    /// Throws `MessengerError.accountKeyNotHere`.
    func accountKey() throws -> SigningKey {
        guard let key = current.accountSeed.flatMap({ SigningKey(seed: SecretBytes($0)) }) else {
            throw MessengerError.accountKeyNotHere
        }
        return key
    }
}
